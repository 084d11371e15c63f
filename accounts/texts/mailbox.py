"""The texts that development's mailbox page shows: those in the sender's folder, and those waiting.

It opens sealed texts, so nothing but that page, which exists with DEBUG alone, may import it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from accounts.outbox.compose import body_context, recipient_context
from accounts.outbox.delivery import waiting
from accounts.texts.channel import TEXTS
from audit import sealing

NEWEST = 100


@dataclass(frozen=True)
class Found:
    """One text as its reader would see it."""

    to: str
    text: str
    at: datetime
    is_delivered: bool


def newest() -> list[Found]:
    """The newest texts, delivered or not, newest first."""
    found = [*_delivered(), *_still_waiting()]
    return sorted(found, key=lambda text: text.at, reverse=True)[:NEWEST]


def _delivered() -> Iterator[Found]:
    folder = Path(settings.TEXT_TRANSPORT.get("folder", "/nonexistent"))
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[:NEWEST]:
        kept = json.loads(file.read_text())
        yield Found(kept["to"], kept["text"], datetime.fromisoformat(kept["at"]), True)


def _still_waiting() -> Iterator[Found]:
    for row in waiting(TEXTS).order_by("-pk")[:NEWEST]:
        try:
            to = sealing.unseal(row.recipient, context=recipient_context(row)).decode()
            text = sealing.unseal(row.body, context=body_context(row)).decode()
        except sealing.SealBroken:
            continue  # the worker buries it and says so
        yield Found(to, text, row.created_at, False)
