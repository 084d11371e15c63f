"""The letter about the copy of one's data (E17), as in accounts/outbox/letters.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Unpack

from django.utils import formats

from accounts import time_zones
from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Reader


def export_ready(
    *, expires_at: datetime, time_zone: str, link: str, **reader: Unpack[Reader]
) -> Letter:
    """To the main address: until when it can be downloaded. `link`: the page, which asks for a sign-in
    and a fresh proof first; it gives nothing by itself."""
    return compose("export_ready", day=_day(expires_at, time_zone), link=link, **reader)


def _day(at: datetime, time_zone: str) -> Callable[[], str]:
    """Asked by the template, so that the day is said in the language of the letter."""
    day = at.astimezone(time_zones.zone_of(time_zone))
    return lambda: formats.date_format(day, "DATE_FORMAT")
