"""The letters about limits that somebody set for themselves, as in accounts/outbox/letters.py."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Unpack

from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader
from accounts.own_limits import Limits


def limits_changed(
    *,
    now_on: Limits,
    changed: Collection[str],
    waits: Collection[str],
    ready_at: datetime | None,
    time_zone: str,
    happened: Happening,
    **reader: Unpack[Reader],
) -> Letter:
    """To every address: what holds from `now_on`, of the limits that are `changed`; and what `waits` to
    be loosened at `ready_at`."""
    return compose(
        "limits_changed",
        now_on=now_on,
        changed=changed,
        waits=waits,
        frozen=_day(now_on.frozen_until, time_zone),
        ready=_day(ready_at, time_zone),
        happened=happened.rows,
        **reader,
    )


def loosening_taken_back(*, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """To every address: what waited to be loosened stays as it is."""
    return compose("loosening_taken_back", happened=happened.rows, **reader)


def sign_in_frozen(*, until: datetime, time_zone: str, **reader: Unpack[Reader]) -> Letter:
    """To an owner who froze sign-ins, when somebody proves to be them: the pages say nothing of it."""
    return compose("sign_in_frozen", day=_day(until, time_zone), **reader)


def _day(at: datetime | None, time_zone: str) -> Callable[[], str]:
    """Asked by the template, so that it is said in the language of the letter."""
    return Happening(at=at, time_zone=time_zone).when if at else str
