"""Where most tries failed: of each day the worker notes the first few, and only the day that runs is
added up when somebody looks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from audit.counting import KEPT
from audit.models import DailyFailures, HourFailures
from audit.watch.spans import DAY, HOUR, Span

Whose = HourFailures.Whose
Most = list[tuple[str, int]]
# Of one day and kind: twice as many as are listed.
NOTED = 20
LISTED = 10
# Days that are over, and noted anew every so often: what was chained late still counts.
RENEWED, EVERY = 2, timedelta(hours=1)


def most(whose: Whose, span: Span) -> Most:
    """The first in `span`. Over days: among those noted of one of them. Two SELECTs at most."""
    if span.kind.piece == HOUR:
        return _first(whose, span.begins, span.ends, LISTED)
    today = span.ends - HOUR
    begins = today.replace(hour=0)
    found = Counter(dict(_first(whose, begins, span.ends, NOTED)))
    days = DailyFailures.objects.filter(
        day__gte=span.begins.date(), day__lt=begins.date(), whose=whose
    )
    for key, count in days.values_list("key").annotate(Sum("count")):
        found[key] += count
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))[:LISTED]


def note(batch: int) -> int:
    """Note the days that are over (housekeeping). Returns 0: nothing is left for another turn, whatever
    `batch` is."""
    now = timezone.now()
    newest = DailyFailures.objects.order_by("-noted_at").values_list("noted_at", flat=True).first()
    if newest is not None and newest > now - EVERY:
        return 0
    for ago in range(1, RENEWED + 1):
        note_day(now.date() - ago * DAY, now)
    DailyFailures.objects.filter(day__lt=(now - KEPT).date()).delete()
    return 0


def note_day(day: date, now: datetime) -> None:
    """Note anew of one day, which is over, where most tries failed. Five statements."""
    begins = datetime.combine(day, time.min, UTC)
    rows = [
        DailyFailures(day=day, whose=whose, key=key, count=count, noted_at=now)
        for whose in Whose
        for key, count in _first(whose, begins, begins + DAY, NOTED)
    ]
    with transaction.atomic():
        DailyFailures.objects.filter(day=day).delete()
        DailyFailures.objects.bulk_create(rows, ignore_conflicts=True)


def _first(whose: Whose, begins: datetime, ends: datetime, limit: int) -> Most:
    rows = HourFailures.objects.filter(hour__gte=begins, hour__lt=ends, whose=whose)
    most = rows.values_list("key").annotate(failures=Sum("count")).order_by("-failures", "key")
    return list(most[:limit])
