"""The letters that were queued, opened with the site's own keys."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from functools import lru_cache
from typing import cast

from accounts.models import OutgoingMail
from accounts.outbox.compose import body_context, recipient_context
from audit import sealing


@dataclass(frozen=True)
class Received:
    """One letter as its reader sees it."""

    kind: str
    to: str
    subject: str
    text: str
    html: str

    @property
    def code(self) -> str:
        found = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", self.text)
        assert found, self.text
        return found.group()

    @property
    def link(self) -> str:
        """The path of its one link."""
        found = re.search(r"https?://[^/\s]+(/\S*)", self.text)
        assert found, self.text
        return found.group(1)


def received() -> list[Received]:
    """Every letter that still lies in the outbox and is meant for somebody, oldest first."""
    rows = OutgoingMail.objects.exclude(body="").exclude(state=OutgoingMail.State.UNWANTED)
    rows = rows.filter(channel=OutgoingMail.Channel.LETTER)
    return [_opened(row) for row in rows.order_by("pk")]


def _opened(row: OutgoingMail) -> Received:
    subject, text, html = _read(sealing.unseal(row.body, context=body_context(row)))
    return Received(
        kind=row.letter,
        to=sealing.unseal(row.recipient, context=recipient_context(row)).decode(),
        subject=subject,
        text=text,
        html=html,
    )


@lru_cache(maxsize=1000)
def _read(raw: bytes) -> tuple[str, str, str]:
    """Subject, text and HTML; the library takes ten milliseconds to read a letter."""
    message = cast(EmailMessage, email.message_from_bytes(raw, policy=default))
    parts = {
        part.get_content_type(): part.get_content()
        for part in message.walk()
        if not part.is_multipart()
    }
    return str(message["subject"]), parts["text/plain"], parts["text/html"]


class Mailbox:
    """`mailbox.latest(to=…)`, `mailbox.kinds()`: without those of a sign-in on a new device, which each
    new browser of a test causes. `every` has them too."""

    def all(self, to: str = "") -> list[Received]:
        return [letter for letter in self.every(to) if letter.kind != "new_device"]

    def every(self, to: str = "") -> list[Received]:
        return [letter for letter in received() if to in ("", letter.to)]

    def latest(self, to: str = "") -> Received:
        return self.all(to)[-1]

    def kinds(self, to: str = "") -> list[str]:
        return [letter.kind for letter in self.all(to)]
