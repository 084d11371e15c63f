"""Counts that one try spends together: taken, refused and given back as one.

A meter is a row of `Tally`. A *window* counts up to its limit and opens again by itself. A *streak*
counts what failed in a row until somebody proves who they are: it makes wait longer after each
failure, and stops for good at its limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.lockout.counting import AHEAD, Reading
from accounts.models import Tally
from accounts.moments import aware, stored
from audit.sealed import KeyedDigests
from audit.sealing import keyed_digest

# The growing delay of one account (figures: one second, doubling, to 15 minutes).
FIRST_PAUSE = 1
LONGEST_PAUSE = 15 * 60
STOPPED = math.inf  # the wait that no time ends
DIGESTS = KeyedDigests(
    "counts of the limits",
    ("budget ", "lockout name"),
    "every limit begins anew, and a password that was stopped after too many failures can be guessed"
    " at again",
    Tally.objects.all,
)
CONTENDERS = 4  # how often a streak is read again when somebody else counted meanwhile

Key = tuple[str, str]


@dataclass(frozen=True)
class Meter:
    """The row of `subject`, a keyed digest, in `budget`. Without a `window` it is a streak."""

    budget: str
    subject: str
    limit: int
    window: timedelta | None = None

    @property
    def key(self) -> Key:
        return self.budget, self.subject

    @property
    def is_streak(self) -> bool:
        return self.window is None


NOTHING = Reading()


def meter(budget: str, subject: str, limit: int, window: timedelta | None = None) -> Meter:
    return Meter(budget, keyed_digest(subject, purpose=f"budget {budget}"), limit, window)


def pause(failures: int) -> int:
    """Seconds to wait after so many failures in a row: none for the first few, then 1, 2, 4 … 900."""
    over = failures - settings.POLICY_FREE_FAILURES
    return 0 if over < 0 else min(LONGEST_PAUSE, FIRST_PAUSE << min(over, 20))


def wait(meter: Meter, reading: Reading, now: datetime) -> float:
    """Seconds until one more would be counted: 0 if it would be now, STOPPED if never by itself.

    A row from the future holds nobody: it was written before the clock was set back.
    """
    if meter.is_streak and reading.count >= meter.limit:
        return STOPPED
    if reading.since is None or reading.since > now + AHEAD:
        return 0
    if meter.window is None:
        closed = pause(reading.count)
    else:
        closed = int(meter.window.total_seconds()) if reading.count >= meter.limit else 0
    # Written a moment after `now` was read, it closes for no longer than it closes.
    gone = max(0.0, (now - reading.since).total_seconds())
    return max(0, math.ceil(closed - gone))


def share(meter: Meter, reading: Reading, now: datetime) -> float:
    """How much of its limit a window has used: from 0 to 1."""
    window = meter.window or timedelta.max
    if reading.since is None or not now - window < reading.since <= now + AHEAD:
        return 0
    return reading.count / meter.limit


def read(meters: Sequence[Meter]) -> dict[Key, Reading]:
    """All rows that there are, in one SELECT."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT budget, subject, count, started_at FROM accounts_tally"  # noqa: S608
            f" WHERE {_either(meters)}",
            _keys(meters),
        )
        return {
            (budget, subject): Reading(count, aware(since))
            for budget, subject, count, since in cursor.fetchall()
        }


def take(meters: Iterable[Meter], seen: Mapping[Key, Reading]) -> Mapping[str, int] | None:
    """Count one in every meter or in none: the new counts by budget, or None if one was closed.

    `seen` is what `read` said just now. However many race, no meter goes past its limit and no
    streak lets two through within one pause. One statement, unless somebody else was faster.
    """
    meters = _in_order(meters)
    for _contender in range(CONTENDERS):
        now = timezone.now()
        if any(wait(meter, seen.get(meter.key, NOTHING), now) for meter in meters):
            return None
        taken = _count(meters, seen, now)
        if len(taken) == len(meters):
            return taken
        give_back((meter for meter in meters if meter.budget in taken), seen, taken)
        seen = read(meters)
    return None


def _count(meters: list[Meter], seen: Mapping[Key, Reading], now: datetime) -> dict[str, int]:
    """One upsert of all rows: the counts of those that let one through.

    A window is asked by its limit, and so is a streak before its first pause. From there on its row
    must still be the one that was seen, so that two do not both believe that its pause is over.
    """
    over, over_values, open_, open_values = [], [], [], []
    at, ahead = stored(now), stored(now + AHEAD)
    streaks = [meter.budget for meter in meters if meter.is_streak]
    for meter in meters:
        if meter.window is None:
            reading = seen.get(meter.key, NOTHING)
            open_.append(
                "(tally.budget = %s AND (tally.count < %s"
                " OR (tally.count = %s AND tally.started_at = %s)))"
            )
            # What is not there cannot be the same: -1 is no count.
            count = reading.count if reading.since else -1
            free = min(settings.POLICY_FREE_FAILURES, meter.limit)
            seen_at = stored(reading.since) if reading.since else at
            open_values += [meter.budget, free, count, seen_at]
        else:
            begun = "tally.budget = %s AND (tally.started_at <= %s OR tally.started_at > %s)"
            values = [meter.budget, stored(now - meter.window), ahead]
            over.append(begun)
            over_values += values
            open_.append(f"({begun}) OR (tally.budget = %s AND tally.count < %s)")
            open_values += [*values, meter.budget, meter.limit]
    anew = " OR ".join(over) or "1 = 0"
    mine = ", ".join(["%s"] * len(streaks)) or "NULL"
    rows = ", ".join(["(%s, %s, 1, %s)"] * len(meters))
    sql = (
        "INSERT INTO accounts_tally AS tally (budget, subject, count, started_at)"  # noqa: S608
        f" VALUES {rows} ON CONFLICT (budget, subject) DO UPDATE SET"
        f" count = CASE WHEN {anew} THEN 1 ELSE tally.count + 1 END,"
        f" started_at = CASE WHEN tally.budget IN ({mine}) OR {anew}"
        " THEN excluded.started_at ELSE tally.started_at END"
        f" WHERE {' OR '.join(open_)} RETURNING budget, count"
    )
    inserted = [part for meter in meters for part in (*meter.key, at)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*inserted, *over_values, *streaks, *over_values, *open_values])
        return dict(cursor.fetchall())


def give_back(
    meters: Iterable[Meter],
    seen: Mapping[Key, Reading] | None = None,
    counts: Mapping[str, int] | None = None,
) -> None:
    """What was counted was no failure after all. One statement; none for no meter.

    With what `take` was told and what it answered, a streak waits on from the failure before, as if
    nothing had been tried: a pause that was waited out is not begun anew.
    """
    meters = _in_order(meters)
    if not meters:
        return
    # An upsert, because that alone takes its rows in our order: two that meet cannot deadlock.
    rows = ", ".join(["(%s, %s, 0, %s)"] * len(meters))
    before, before_values = _failures_before(meters, seen or {}, counts or {})
    now = stored(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_tally AS tally (budget, subject, count, started_at)"  # noqa: S608
            f" VALUES {rows} ON CONFLICT (budget, subject) DO UPDATE SET"
            f" started_at = CASE {before} ELSE tally.started_at END,"
            " count = CASE WHEN tally.count > 0 THEN tally.count - 1 ELSE 0 END",
            [*(part for meter in meters for part in (*meter.key, now)), *before_values],
        )


def _failures_before(
    meters: list[Meter], seen: Mapping[Key, Reading], counts: Mapping[str, int]
) -> tuple[str, list[Any]]:
    """Cases that put back when each streak failed before the try; only where nobody has failed
    between what was seen and the try, nor since."""
    cases, values = ["WHEN 1 = 0 THEN tally.started_at"], []
    for meter in meters:
        reading, count = seen.get(meter.key, NOTHING), counts.get(meter.budget, 0)
        if meter.is_streak and reading.since and count == reading.count + 1:
            cases.append("WHEN tally.budget = %s AND tally.count = %s THEN %s")
            values += [meter.budget, count, stored(reading.since)]
    return " ".join(cases), values


def clear(meters: Sequence[Meter]) -> None:
    """Nothing was counted. One DELETE.

    SECURITY: a row that stayed with nothing in it would be read at every refusal of whoever signed
    in lately, and of nobody else: a stopwatch sees 0.04 ms.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM accounts_tally WHERE {_either(meters)}",  # noqa: S608
            _keys(meters),
        )


def _either(meters: Sequence[Meter]) -> str:
    return " OR ".join(["(budget = %s AND subject = %s)"] * len(meters))


def _keys(meters: Sequence[Meter]) -> list[str]:
    return [part for meter in meters for part in meter.key]


def _in_order(meters: Iterable[Meter]) -> list[Meter]:
    """The order in which everybody locks rows."""
    return sorted(meters, key=lambda meter: meter.key)
