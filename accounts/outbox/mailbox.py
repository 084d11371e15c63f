"""What development's mailbox page shows: letters in the transport's folder, and those waiting.

It opens sealed letters, so nothing but that page, which exists with DEBUG alone, may import it.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

from accounts.outbox.compose import body_context, recipient_context
from accounts.outbox.delivery import waiting
from accounts.outbox.transport import letter_file
from audit import sealing

NEWEST = 100
HEADERS = ("From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted", "Content-Language")


@dataclass(frozen=True)
class Found:
    """One letter as its reader would see it. `id` stays the same before and after delivery."""

    id: str
    is_delivered: bool
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        return str(self.message["To"] or "")

    @property
    def at(self) -> datetime:
        return parsedate_to_datetime(str(self.message["Date"]))

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(self.message[name])) for name in HEADERS if self.message[name]]

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def links(self) -> list[str]:
        """Addresses of this site in the text: what its reader would follow."""
        found = re.findall(r"https?://[\x21-\x7e]+", self.text)
        return [link for link in dict.fromkeys(found) if link.startswith(settings.SITE_URL + "/")]

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def newest() -> list[Found]:
    """The newest letters, delivered or not, newest first."""
    found = {letter.id: letter for letter in (*_still_waiting(), *_delivered())}
    return sorted(found.values(), key=lambda letter: letter.at, reverse=True)[:NEWEST]


def find(letter_id: str) -> Found | None:
    return next((letter for letter in newest() if letter.id == letter_id), None)


def _delivered() -> Iterator[Found]:
    folder = Path(settings.MAIL_TRANSPORT.get("file_path", "/nonexistent"))
    files = sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[:NEWEST]:
        yield Found(file.stem, True, _parsed(file.read_bytes()))


def _still_waiting() -> Iterator[Found]:
    for row in waiting().order_by("-pk")[:NEWEST]:
        try:
            raw = sealing.unseal(row.body, context=body_context(row))
            to = sealing.unseal(row.recipient, context=recipient_context(row)).decode()
        except sealing.SealBroken:
            continue  # the worker buries it and says so
        yield Found(letter_file(row.message_id, to).removesuffix(".eml"), False, _parsed(raw))


def _parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - the default policy makes no other
    return message
