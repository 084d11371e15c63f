"""How often things happened, by the hour, so that no page has to count millions of entries.

Added to by whoever chains entries (audit/chain/linking.py), in the same transaction: each entry is
chained once, and so counted once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from audit.events import Event
from audit.models import HourCount, HourFailures

# Not a fact, but whether an entry is about somebody: `known`, or a name that nobody has.
WHOSE = "whose"
# By which of its facts an event is counted, or by two together; any other by itself.
COUNTED_BY: dict[str, tuple[str, ...]] = {
    Event.SIGNED_IN: ("method", "second"),
    Event.SIGN_IN_FAILED: ("reason",),
    Event.REAUTHENTICATED: ("method",),
    Event.REAUTHENTICATION_FAILED: ("method",),
    Event.LIMIT_REACHED: ("budget",),
    Event.SECOND_STEP_FAILED: ("method",),
    Event.SECOND_STEP_PROVED: ("method",),
    Event.FACTOR_ADDED: ("factor",),
    Event.FACTOR_REMOVED: ("factor",),
    Event.CODE_SENT: ("channel",),
    Event.SIGN_IN_CODE_REQUESTED: (WHOSE,),
    Event.PASSWORD_RESET_REQUESTED: ("by", WHOSE),
    Event.PASSWORD_RESET_FINISHED: ("by",),
    Event.PASSWORD_HASH_UPGRADED: ("former",),
}
SEPARATOR = "+"
FAILURES = frozenset({Event.SIGN_IN_FAILED, Event.SECOND_STEP_FAILED})
KEPT = timedelta(days=400)


def add(happened: Iterable[Mapping[str, Any]]) -> None:
    """Count entries, each a mapping of their columns. At most one statement for each table."""
    counts: Counter[tuple[datetime, str, str]] = Counter()
    failures: Counter[tuple[datetime, str, str]] = Counter()
    for entry in happened:
        hour, event = hour_of(entry["at"]), entry["event"]
        facts = _facts(entry["facts"])
        counts[hour, event, detail_of(event, entry["subject_id"], facts)] += 1
        if event in FAILURES:
            account = entry["subject_id"] or facts.get("identifier", "")
            for whose, key in (
                (HourFailures.Whose.NETWORK, entry["network_digest"]),
                (HourFailures.Whose.ACCOUNT, account),
            ):
                if key:
                    failures[hour, whose.value, key] += 1
    _add(HourCount, "event, detail", counts)
    _add(HourFailures, "whose, key", failures)


def detail_of(event: str, subject_id: str, facts: Mapping[str, Any]) -> str:
    """Like `wrong_password`, or `password+app`; `password` where there was no second step."""
    said = {**facts, WHOSE: "known" if subject_id else ""}
    parts = (str(said.get(name, "")) for name in COUNTED_BY.get(event, ()))
    return SEPARATOR.join(parts).rstrip(SEPARATOR)[:60]


def _add(
    model: type[models.Model], columns: str, counts: Counter[tuple[datetime, str, str]]
) -> None:
    """One statement, in an order of the keys that is everybody's: no two workers wait for each other.
    By hand, because Django's upsert cannot add."""
    if not counts:
        return
    rows = sorted(counts.items())
    table = model._meta.db_table
    sql = (
        f"INSERT INTO {table} AS kept (hour, {columns}, count)"  # noqa: S608 - names of our own
        f" VALUES {', '.join(['(%s, %s, %s, %s)'] * len(rows))}"
        f" ON CONFLICT (hour, {columns}) DO UPDATE SET count = kept.count + excluded.count"
    )
    values = [
        value
        for (hour, *words), count in rows
        for value in (connection.ops.adapt_datetimefield_value(hour), *words, count)
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def hour_of(at: datetime) -> datetime:
    """The whole hour (UTC) that `at` falls into; SQLite keeps no zone beside a time."""
    at = at.astimezone(UTC) if timezone.is_aware(at) else at.replace(tzinfo=UTC)
    return at.replace(minute=0, second=0, microsecond=0)


def purge(batch: int) -> int:
    """Drop counts of hours so long ago that no page looks at them, at most `batch` of each table."""
    before = timezone.now() - KEPT
    done = 0
    for model in (HourCount, HourFailures):
        keys = list(model.objects.filter(hour__lt=before).values_list("pk", flat=True)[:batch])
        done = max(done, model.objects.filter(pk__in=keys).delete()[0] if keys else 0)
    return done


def _facts(kept: Any) -> dict[str, Any]:
    return json.loads(kept) if isinstance(kept, str) else kept
