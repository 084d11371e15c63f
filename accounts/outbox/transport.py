"""The mail server behind the outbox, as settings.MAIL_TRANSPORT names it."""

from __future__ import annotations

import email
import email.policy
import hashlib
import os
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage as Parsed
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from accounts.outbox.errors import describe

# Servers close a connection after some number of letters; we are first.
LETTERS_PER_CONNECTION = 50


class TransportDown(Exception):
    """The server cannot be reached or refuses us altogether. No message is to blame."""


class Transport:
    """One connection, opened when a letter needs it and kept for the next ones."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._sent = 0

    def is_alive(self) -> bool:
        """Whether there is a connection that still answers; one that does not is dropped, and one
        that carried its share."""
        if self._backend is not None and (
            self._sent >= LETTERS_PER_CONNECTION or not _answers(self._backend)
        ):
            self.close()
        return self._backend is not None

    def open(self) -> None:
        """Connect; raises TransportDown."""
        backend = get_connection(**settings.MAIL_TRANSPORT, timeout=settings.EMAIL_TIMEOUT)
        try:
            backend.open()
        except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
            raise TransportDown(describe(error)) from error
        self._backend, self._sent = backend, 0

    def send(self, raw: bytes, recipient: str, message_id: str) -> None:
        """Hand over one message, which has its Message-ID inside; returns when the server has taken
        it, else raises its error."""
        assert self._backend is not None, "open() comes first"  # noqa: S101
        self._sent += 1
        self._backend.send_messages([StoredMessage(raw, recipient)])

    def close(self) -> None:
        backend, self._backend = self._backend, None
        if backend is None:
            return
        try:
            backend.close()
        except OSError:
            return  # it was gone already


def _answers(backend: BaseEmailBackend) -> bool:
    """Whether an idle connection still lives; asked so that no letter finds out."""
    connection = getattr(backend, "connection", None)
    if not isinstance(connection, smtplib.SMTP):
        return True
    try:
        return connection.noop()[0] == 250
    except OSError:
        return False


class StoredMessage(EmailMultiAlternatives):
    """A finished message for Django's transports: goes out byte for byte as it was composed."""

    def __init__(self, raw: bytes, recipient: str) -> None:
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(parsed, Parsed)  # noqa: S101 - the default policy makes no other
        text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
        super().__init__(
            subject=str(parsed["Subject"] or ""),
            body=text.get_content() if text else "",
            from_email=str(parsed["From"] or ""),
            to=[recipient],
            headers={"Message-ID": str(parsed["Message-ID"] or "")},
            alternatives=[(html.get_content(), "text/html")] if html else None,
        )
        self.raw = raw

    def message(self, *, policy: Any = None) -> Any:
        return _Verbatim(self.raw)


class _Verbatim:
    """What transports ask of a MIME message, answered with the stored bytes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        return self.raw if linesep == "\r\n" else self.raw.replace(b"\r\n", linesep.encode())

    def get_charset(self) -> None:
        return None


class FolderBackend(BaseEmailBackend):
    """Development's mail server: one .eml file a letter, which any mail program opens.

    The file is named after the letter and its recipient, so a letter delivered twice is one file.
    Readable by its owner only: it holds codes and links in clear.
    """

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(file_path)

    def open(self) -> bool:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            for recipient in message.recipients():
                name = letter_file(str(message.extra_headers["Message-ID"]), recipient)
                draft = self.folder / f"{name}.part"
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(message.message().as_bytes())
                draft.replace(self.folder / name)
        return len(email_messages)


def letter_file(message_id: str, recipient: str) -> str:
    """The file name of one letter to one recipient."""
    return hashlib.sha256(f"{message_id}\n{recipient}".encode()).hexdigest()[:32] + ".eml"
