"""Numbers of what there is, which no entry tells: rooms give them (WATCH_SOURCES), the worker samples
them into one row a day, for plots over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from audit.counting import KEPT
from audit.facts import inert
from audit.models import DailyGauge

# The row of today is made anew by then; after midnight the last one stays.
EVERY = timedelta(hours=1)
# Values by name and detail; and these by the day (like 2026-11-28).
Gauges = dict[str, dict[str, int]]
Days = dict[str, Gauges]


@dataclass(frozen=True)
class Gauge:
    """`detail` is a word: of which kind."""

    name: str
    value: int
    detail: str = ""


def nothing() -> Iterable[Gauge]:
    return ()


@dataclass(frozen=True)
class Source:
    """What one room counts. `live` is asked whenever the dashboard is made: statements that an index
    answers, whatever the tables hold. `sampled` may read whole tables, and is asked by the worker."""

    live: Callable[[], Iterable[Gauge]] = nothing
    sampled: Callable[[], Iterable[Gauge]] = nothing


def live() -> Iterator[Gauge]:
    for source in _sources():
        yield from source.live()


def sample(batch: int) -> int:
    """Note what there is, where the last note of today is older than `EVERY` (housekeeping). Returns 0:
    nothing is left for another turn, whatever `batch` is. Four statements and the sources'."""
    now = timezone.now()
    newest = DailyGauge.objects.filter(day=now.date()).order_by("-sampled_at").first()
    if newest is None or newest.sampled_at <= now - EVERY:
        renew(now)
    return 0


def renew(now: datetime) -> None:
    """Note what there is, however lately that was done."""
    rows = {
        (gauge.name, gauge.detail): DailyGauge(
            day=now.date(),
            name=gauge.name,
            detail=inert(gauge.detail)[:100],
            value=max(gauge.value, 0),
            sampled_at=now,
        )
        for source in _sources()
        for gauge in (*source.live(), *source.sampled())
    }
    DailyGauge.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["day", "name", "detail"],
        update_fields=["value", "sampled_at"],
    )
    # What is there no more; not what another worker sampled at the same moment.
    DailyGauge.objects.filter(day=now.date(), sampled_at__lt=now - EVERY / 2).delete()
    DailyGauge.objects.filter(day__lt=(now - KEPT).date()).delete()


def over(first: date, last: date) -> tuple[Days, datetime | None]:
    """All gauges from `first` to `last`, and when they were sampled last. One SELECT."""
    rows = DailyGauge.objects.filter(day__gte=first, day__lte=last).order_by("day", "id")
    days: Days = {}
    newest = None
    for row in rows:
        names = days.setdefault(f"{row.day:%Y-%m-%d}", {})
        names.setdefault(row.name, {})[row.detail] = row.value
        newest = max(newest or row.sampled_at, row.sampled_at)
    return days, newest


def is_of_nobody(days: Days) -> bool:
    """Whether the last sample found a site without any people: whoever looks at that has come since."""
    return bool(days) and days[max(days)].get("people", {}).get("") == 0


def by_name(given: Iterable[Gauge]) -> Gauges:
    found: Gauges = {}
    for gauge in given:
        found.setdefault(gauge.name, {})[gauge.detail] = gauge.value
    return found


def _sources() -> list[Source]:
    return [import_string(name) for name in settings.WATCH_SOURCES]
