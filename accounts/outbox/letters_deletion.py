"""The letters of a deletion (E17), as in accounts/outbox/letters.py. The words of all three are in
templates/mail/deletion/."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Unpack

from django.utils import formats

from accounts import time_zones
from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader


def deletion_set(
    *, due_at: datetime, days: int, link: str, happened: Happening, **reader: Unpack[Reader]
) -> Letter:
    """To every address: from when on, in `days`, the account may be erased, and how to keep it. `link`:
    the sign-in page; an old address has one that stops it instead, which works until then."""
    return compose(
        "deletion",
        change="set",
        undo_days=days,
        day=_day(due_at, happened.time_zone),
        happened=happened.rows,
        link=link,
        **reader,
    )


def deletion_cancelled(*, link: str, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """To every address: the account is kept. `link`: where an account is secured, for the reader who
    did not do this."""
    return compose("deletion", change="cancelled", happened=happened.rows, link=link, **reader)


def deletion_done(**reader: Unpack[Reader]) -> Letter:
    """The last letter, to what was the main address. The account is gone, so there is no link."""
    return compose("deletion", change="done", **reader)


def _day(at: datetime, time_zone: str) -> Callable[[], str]:
    """Asked by the template, so that the day is said in the language of the letter."""
    day = at.astimezone(time_zones.zone_of(time_zone))
    return lambda: formats.date_format(day, "DATE_FORMAT")
