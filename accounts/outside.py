"""Asking a server of strangers: for so long and no longer, so many at once and no more.

No such server is a wall here: without an answer its asker goes on. After three failures in a row it
is left alone for a minute, so that one that hangs costs nobody more than that; whoever comes while as
many wait as may does not wait. Never inside a transaction: a lock of ours would wait for it too.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPConnection, HTTPSConnection
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from django.db import connections

logger = logging.getLogger(__name__)

FAILURES = 3
PAUSE_SECONDS = 60

Answer = TypeVar("Answer")


class NoAnswer(Exception):
    """The server did not say, or was not asked; the words say why."""


@dataclass(frozen=True)
class Question(Generic[Answer]):
    """What is sent, and `read`, which understands the body of the answer or raises. `otherwise`
    understands any status but 200; without it, such an answer is none. Of one `by_status` the body is
    not waited for: both are given none."""

    url: str
    read: Callable[[bytes], Answer]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # with one it is a POST
    otherwise: Callable[[int, bytes], Answer] | None = None
    by_status: bool = False


class Server:
    """One of them, as this process sees it: `at_once` threads wait for it at most, each for
    `most_bytes`."""

    def __init__(self, name: str, *, at_once: int, most_bytes: int) -> None:
        self.name, self.at_once, self.most_bytes = name, at_once, most_bytes
        self.mutex = threading.Lock()
        self.failures = 0
        self.open_until = 0.0
        self.inside = 0

    def ask(self, question: Question[Answer], *, seconds: float) -> Answer:
        """What it says, or NoAnswer after `seconds` at the latest: for name, connection, question
        and answer together."""
        if _in_transaction() or not self.enter():
            raise NoAnswer("it was not asked")
        answers: SimpleQueue[Answer | NoAnswer] = SimpleQueue()
        try:
            call = _Call(self, question, seconds)
            threading.Thread(target=call.run, args=(answers,), daemon=True).start()
        except Exception as error:  # no certificates, no room for one more thread
            self.leave()
            raise NoAnswer(type(error).__name__) from None
        try:
            answer: Answer | NoAnswer = answers.get(timeout=seconds)
        except Empty:
            call.hang_up()
            answer = NoAnswer("it did not answer in time")
        self.heard(well=not isinstance(answer, NoAnswer))
        if isinstance(answer, NoAnswer):
            logger.warning("%s could not be asked: %s", self.name, str(answer))
            raise answer
        return answer

    def enter(self) -> bool:
        """Take a place; False while it is left alone, or all places are taken."""
        with self.mutex:
            if self.inside >= self.at_once or time.monotonic() < self.open_until:
                return False
            if self.failures >= FAILURES:
                self.open_until = time.monotonic() + PAUSE_SECONDS  # one tries; the rest wait on
            self.inside += 1
            return True

    def heard(self, *, well: bool) -> None:
        with self.mutex:
            self.failures = 0 if well else self.failures + 1
            self.open_until = 0.0
            if self.failures >= FAILURES:
                self.open_until = time.monotonic() + PAUSE_SECONDS

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody asks it just now."""
        with self.mutex:
            return time.monotonic() < self.open_until

    def leave(self) -> None:
        with self.mutex:
            self.inside -= 1


class _Call(Generic[Answer]):
    """One question in a thread of its own, waited for from outside: looking up a name cannot be
    timed, and a socket's timeout is one for each piece that arrives. The thread gives its place back
    when it ends, however late."""

    def __init__(self, server: Server, question: Question[Answer], seconds: float) -> None:
        self.server, self.question = server, question
        self.until = time.monotonic() + seconds
        parts = urlsplit(question.url)
        self.path = parts.path + (f"?{parts.query}" if parts.query else "")
        host, port = parts.hostname or "", parts.port
        self.connection: HTTPConnection = (
            HTTPConnection(host, port, timeout=seconds)
            if parts.scheme == "http"  # the settings take it for this machine only
            else HTTPSConnection(host, port, timeout=seconds, context=_certificates())
        )

    def run(self, answers: SimpleQueue[Answer | NoAnswer]) -> None:
        try:
            answers.put(self._answer())
        except NoAnswer as refusal:
            answers.put(refusal)
        except Exception as error:  # whatever a stranger's bytes do to us, it is no answer
            answers.put(NoAnswer(type(error).__name__))
        finally:
            self.connection.close()
            self.server.leave()

    def _answer(self) -> Answer:
        asked = self.question
        method = "GET" if asked.body is None else "POST"
        self.connection.request(method, self.path or "/", asked.body, dict(asked.headers))
        with self.connection.getresponse() as response:
            # SECURITY: a redirect is not followed: this address was chosen, and no other.
            if response.status != 200 and asked.otherwise is None:
                raise NoAnswer(f"it answered {response.status}")
            body = b""
            while not asked.by_status and (chunk := response.read1(65536)):
                body += chunk
                if len(body) > self.server.most_bytes or time.monotonic() > self.until:
                    raise NoAnswer("its answer is too long, or too slow")
        if response.status != 200 and asked.otherwise is not None:
            return asked.otherwise(response.status, body)
        return asked.read(body)

    def hang_up(self) -> None:
        """Wake the thread, whatever it waits for, unless that is the look-up of a name."""
        if (open_socket := self.connection.sock) is not None:
            with suppress(OSError):  # gone by itself
                open_socket.shutdown(socket.SHUT_RDWR)


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _in_transaction() -> bool:
    """SECURITY: whoever waits for a stranger's server must not hold a lock of ours meanwhile."""
    for connection in connections.all(initialized_only=True):
        blocks = connection.atomic_blocks
        # Django's own mark on the transaction a test runs in, as durable=True reads it.
        if blocks and not getattr(blocks[-1], "_from_testcase", False):
            logger.error("A stranger's server is not asked inside a transaction.")
            return True
    return False
