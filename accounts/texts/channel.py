"""Texts on the one road out of the outbox (accounts/outbox/delivery.py)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from accounts.models import OutgoingMail
from accounts.outbox import delivery
from accounts.outbox.channels import Channel
from accounts.texts.senders import NumberRefused, Texts
from audit.events import Event


def _lease() -> timedelta:
    """Longer than the one answer a text waits for; its code runs out in minutes."""
    return timedelta(seconds=2 * settings.TEXT_TIMEOUT + 5)


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, NumberRefused)


def _is_down(error: Exception) -> bool:
    return isinstance(error, OSError)  # a folder that cannot be written


TEXTS = Channel(
    name=OutgoingMail.Channel.TEXT,
    what="Text",
    server="The text provider",
    carrier=Texts,
    lease_time=_lease,
    back_off=tuple(timedelta(seconds=seconds) for seconds in (5, 20, 60, 120)),
    # Each may have been taken, though its answer was lost: whoever is asked for a code pays no more.
    most_attempts=5,
    most_refusals=1,
    is_refusal=_is_refusal,
    is_down=_is_down,
    is_kept=False,
    given_up=Event.TEXT_DEAD,
    fact="text",
)


def purge(batch: int) -> int:
    """Give up, and wipe, texts whose codes ran out while nobody sent any."""
    return delivery.bury_late(TEXTS, batch)
