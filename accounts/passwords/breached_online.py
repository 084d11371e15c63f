"""Asking a service of breached passwords without telling it the password (k-anonymity).

Off unless BREACHED_RANGE_URL is set. It is sent the first 5 of the 40 digits of the SHA-1, and padding
is asked for so that the size of the answer tells nothing; it learns that somebody at this site chooses
a password now. Only where a password is chosen, never at sign-in, never inside a transaction.

The service is a help and no wall: without an answer within a second the password passes. After three
failures in a row it is left alone for a minute, so that a service that hangs costs nobody more than
that; no more than two requests wait for it at once in one process, and who comes third does not wait.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections

from accounts.passwords.breached import sha1

logger = logging.getLogger(__name__)

SECONDS = 0.9  # for all of it: name, connection, question, answer
MOST_BYTES = 512 * 1024  # ten times what a padded range takes
FAILURES = 3
PAUSE_SECONDS = 60
AT_ONCE = 2
_LINE = re.compile(rb"([0-9A-Fa-f]{35}):([0-9]{1,12})\r?")


class NoAnswer(Exception):
    """The service did not say; the words say why."""


class _Breaker:
    """Lets nobody through for a while after some failures in a row, then one to try."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.failures = 0
        self.open_until = 0.0
        self.inside = 0

    def enter(self) -> bool:
        with self.mutex:
            if self.inside >= AT_ONCE or time.monotonic() < self.open_until:
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

    def leave(self) -> None:
        with self.mutex:
            self.inside -= 1


_breaker = _Breaker()


def is_breached(password: str) -> bool:
    """Whether the service knows it. False without a service, without an answer. Never raises."""
    url = settings.BREACHED_RANGE_URL
    if not url or _in_transaction() or not _breaker.enter():
        return False
    digest = sha1(password).hex().upper()
    answers: SimpleQueue[set[bytes] | NoAnswer] = SimpleQueue()
    call = _Call(url, digest[:5])
    try:
        threading.Thread(target=call.run, args=(answers,), daemon=True).start()
    except RuntimeError:  # no room for one more thread
        _breaker.leave()
        return False
    try:
        answer: set[bytes] | NoAnswer = answers.get(timeout=SECONDS)
    except Empty:
        call.hang_up()
        answer = NoAnswer("it did not answer in time")
    _breaker.heard(well=not isinstance(answer, NoAnswer))
    if isinstance(answer, NoAnswer):
        logger.warning("The service of breached passwords was of no use: %s", str(answer))
        return False
    return digest[5:].encode() in answer


class _Call:
    """One question in a thread of its own, since looking up a name cannot be timed. The thread gives
    its place back when it ends, however late."""

    def __init__(self, url: str, beginning: str) -> None:
        parts = urlsplit(url)
        self.path = f"{parts.path.rstrip('/')}/{beginning}"
        self.until = time.monotonic() + SECONDS
        host, port = parts.hostname or "", parts.port
        self.connection: HTTPConnection = (
            HTTPConnection(host, port, timeout=SECONDS)
            if parts.scheme == "http"  # the settings take it for this machine only
            else HTTPSConnection(host, port, timeout=SECONDS, context=_certificates())
        )

    def run(self, answers: SimpleQueue[set[bytes] | NoAnswer]) -> None:
        try:
            answers.put(self._ask())
        except NoAnswer as refusal:
            answers.put(refusal)
        except (OSError, HTTPException, ssl.SSLError, ValueError) as error:
            answers.put(NoAnswer(type(error).__name__))
        finally:
            self.connection.close()
            _breaker.leave()

    def _ask(self) -> set[bytes]:
        headers = {
            "Add-Padding": "true",
            "User-Agent": "breached-passwords",
            "Accept": "text/plain",
        }
        self.connection.request("GET", self.path, headers=headers)
        with self.connection.getresponse() as response:
            # SECURITY: a redirect is not followed: this address was chosen, and no other.
            if response.status != 200:
                raise NoAnswer(f"it answered {response.status}")
            body = b""
            while chunk := response.read1(65536):
                body += chunk
                if len(body) > MOST_BYTES or time.monotonic() > self.until:
                    raise NoAnswer("its answer is too long, or too slow")
        return _known(body)

    def hang_up(self) -> None:
        """Wake the thread, whatever it waits for, unless that is the look-up of a name."""
        if (open_socket := self.connection.sock) is not None:
            with suppress(OSError):  # gone by itself
                open_socket.shutdown(socket.SHUT_RDWR)


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _known(body: bytes) -> set[bytes]:
    """The ends of the digests that were seen: what was seen 0 times is padding."""
    lines = body.strip().split(b"\n")
    found = [_LINE.fullmatch(line) for line in lines]
    if not all(found):
        raise NoAnswer("its answer is no range")
    return {one[1].upper() for one in found if one and int(one[2])}


def _in_transaction() -> bool:
    """SECURITY: whoever waits for a stranger's server must not hold a lock of ours meanwhile."""
    for connection in connections.all(initialized_only=True):
        blocks = connection.atomic_blocks
        # Django's own mark on the transaction a test runs in, as durable=True reads it.
        if blocks and not getattr(blocks[-1], "_from_testcase", False):
            logger.error("A password is chosen inside a transaction: the service is not asked.")
            return True
    return False
