"""Guesses at a factor, counted on its own row, so that no other factor stands or falls with them.

A guess is taken before anything is compared. Strangers and known devices have their own count of
failures in a row (design: fair lockout): somebody who has the password and no factor makes strangers
wait, and stops this one factor for them at the cap (NIST SP 800-63B-4 3.2.2); the owner's known
devices, their other factors and their recovery go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django_otp.models import Device

from accounts.errors import TooManyTries
from accounts.lockout.counting import AHEAD
from accounts.lockout.meters import LONGEST_PAUSE, pause
from accounts.moments import aware, stored


class Guessed(Device):
    """Failures in a row, by browsers that are known for the person and by all others."""

    stranger_failures = models.PositiveSmallIntegerField(default=0)
    stranger_failed_at = models.DateTimeField(null=True)
    known_failures = models.PositiveSmallIntegerField(default=0)
    known_failed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


NOTHING_FAILED: dict[str, Any] = {
    "stranger_failures": 0,
    "stranger_failed_at": None,
    "known_failures": 0,
    "known_failed_at": None,
}


@dataclass(frozen=True)
class Guess:
    """One that was taken: the row's number, the columns that were asked for, and whether it was the
    last that this budget bears."""

    pk: int
    values: tuple[Any, ...]
    is_last: bool


def take(model: type[Guessed], user_id: int, *, known: bool, columns: tuple[str, ...]) -> Guess:
    """Count a guess at the person's factor of this kind and read its `columns`, in one UPDATE.

    However many race, no more than the cap are counted, and one at a time once guesses have to wait.
    Raises TooManyTries with the wait, `stopped` at the cap; LookupError if the person has no such
    factor."""
    count, at = _columns(known)
    cap = limit(known=known)
    now = timezone.now()
    quoted = connection.ops.quote_name
    free = settings.POLICY_FREE_FAILURES
    steps = _steps()
    whens = " ".join(["WHEN %s THEN %s"] * len(steps))
    sql = (
        f"UPDATE {quoted(model._meta.db_table)} SET {count} = {count} + 1, {at} = %s"  # noqa: S608
        f" WHERE user_id = %s AND confirmed AND {count} < %s AND ({count} < %s OR {at} IS NULL"
        f" OR {at} > %s OR {at} <= CASE {count} {whens} ELSE %s END)"
        f" RETURNING id, {count}, {', '.join(map(quoted, columns))}"
    )
    values = [part for n in steps for part in (n, stored(now - timedelta(seconds=pause(n))))]
    longest = stored(now - timedelta(seconds=LONGEST_PAUSE))
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [stored(now), user_id, cap, free, stored(now + AHEAD), *values, longest],
        )
        row = cursor.fetchone()
    if row is None:
        seconds = wait(model, user_id, known=known)
        stopped = math.isinf(seconds)
        raise TooManyTries(0 if stopped else int(seconds) or 1, stopped=stopped, budget="factor")
    return Guess(row[0], row[2:], is_last=row[1] >= cap)


def wait(model: type[Guessed], user_id: int, *, known: bool) -> float:
    """Seconds until a guess would be counted: 0 if it would be now, infinite if never by itself.
    Raises LookupError. One SELECT."""
    count, at = _columns(known)
    rows = model._default_manager.filter(user_id=user_id, confirmed=True)
    found = rows.values_list(count, at).first()
    if found is None:
        raise LookupError
    failures, failed_at = found
    return closed_for(failures, failed_at, cap=limit(known=known), now=timezone.now())


def closed_for(failures: int, failed_at: datetime | None, *, cap: int, now: datetime) -> float:
    """How long so many failures in a row close a factor, the last of them at `failed_at`."""
    if failures >= cap:
        return math.inf
    if failed_at is None or failed_at > now + AHEAD:
        return 0
    gone = max(0.0, (now - aware(failed_at)).total_seconds())
    return max(0, math.ceil(pause(failures) - gone))


def limit(*, known: bool) -> int:
    """Failures in a row that stop a factor: the two halves of NIST's hundred."""
    if known:
        return settings.POLICY_KNOWN_DEVICE_FAILURES
    return settings.POLICY_STRANGER_FAILURES


def _columns(known: bool) -> tuple[str, str]:
    kind = "known" if known else "stranger"
    return f"{kind}_failures", f"{kind}_failed_at"


def _steps() -> range:
    """The counts at which the pause still grows."""
    return range(settings.POLICY_FREE_FAILURES, settings.POLICY_FREE_FAILURES + 10)
