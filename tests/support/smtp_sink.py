"""A mail server for tests: takes letters on a loopback port, refuses, or falls silent, as told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import cast


@dataclass(frozen=True)
class Taken:
    """A message this server said yes to, as it came over the wire."""

    sender: str
    recipient: str
    raw: bytes

    @property
    def message_id(self) -> str:
        return str(message_from_bytes(self.raw, policy=policy.default)["Message-ID"])


class SmtpSink:
    """`answers["RCPT"] = "550 no such person"` refuses at that step; `silent_at = "DATA"` never
    answers there. Steps: CONNECT, EHLO, MAIL, RCPT, DATA, BODY (the message is in), NOOP, QUIT.
    `refusals[address]` refuses one recipient alone.
    """

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.refusals: dict[str, str] = {}
        self.silent_at = ""
        self.taken: list[Taken] = []
        self.connections = 0
        self.closing = threading.Event()
        self.changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.sink = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def transport(self) -> dict[str, str | int]:
        """As settings.MAIL_TRANSPORT has it."""
        backend = "django.core.mail.backends.smtp.EmailBackend"
        return {"backend": backend, "host": "127.0.0.1", "port": self.port}

    def wait_for(self, condition: Callable[[], bool], seconds: float = 20) -> bool:
        """Whether `condition` came true in time; looked at whenever a letter was taken."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def has_taken(self, number: int) -> bool:
        return len(self.taken) >= number

    def take(self, letter: Taken) -> None:
        with self.changed:
            self.taken.append(letter)
            self.changed.notify_all()

    def __enter__(self) -> SmtpSink:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True
    sink: SmtpSink


class _Conversation(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self) -> None:
        self.sink = cast(_Server, self.server).sink
        with self.sink.changed:
            self.sink.connections += 1
        try:
            self._speak()
        except OSError:
            return  # the other side is gone, perhaps killed

    def _speak(self) -> None:
        if not self._answer("CONNECT", "220 sink"):
            return
        sender = recipient = ""
        while line := self.rfile.readline():
            verb, _, rest = line.decode("ascii", "replace").strip().partition(" ")
            verb = verb.upper()
            usual = "250 yes"
            if verb == "MAIL":
                sender = _address(rest)
            elif verb == "RCPT":
                recipient = _address(rest)
                usual = self.sink.refusals.get(recipient, usual)
            elif verb == "DATA":
                usual = "354 go on"
            elif verb == "QUIT":
                usual = "221 bye"
            if not self._answer(verb, usual) or verb == "QUIT":
                return
            if verb == "DATA" and self.sink.answers.get("DATA", "354").startswith("354"):
                raw = self._body()
                if raw is None or not self._said_yes(Taken(sender, recipient, raw)):
                    return

    def _body(self) -> bytes | None:
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b"..") else line)
        return None  # cut off: nothing was handed over

    def _said_yes(self, letter: Taken) -> bool:
        """Takes the letter before answering, as servers do: here a killed worker makes a double."""
        if self.sink.answers.get("BODY", "250").startswith("250"):
            self.sink.take(letter)
        return self._answer("BODY", "250 taken")

    def _answer(self, step: str, usual: str) -> bool:
        if self.sink.silent_at == step:
            self.sink.closing.wait(60)
            return False
        reply = self.sink.answers.get(step, usual)
        self.wfile.write(reply.encode() + b"\r\n")
        return not reply.startswith("421")


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


def closed_port() -> int:
    """A loopback port where nobody answers."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        return int(server.server_address[1])
