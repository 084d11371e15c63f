"""All numbers of one look at the dashboard, gathered by a few statements and kept for a minute: bare
numbers, so that everybody reads them in their own words. Nothing is decided from what the cache has."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.utils import timezone

from audit import strange
from audit.alerts.rules import CRITICAL
from audit.chain import checking
from audit.events import Event
from audit.models import Alert, Entry, HourCount
from audit.watch import failures, gauges, measures, spans
from audit.watch.failures import Whose
from audit.watch.gauges import Days, Gauges
from audit.watch.spans import DAY, HOUR, WEEK, WEEKS, Kind, Piece

SECONDS = 60


@dataclass(frozen=True)
class Numbers:
    """`counts`: each measure in each of `pieces`; `before`: the same in all of the period before.
    `today`: sign-ins by the hour of this day (UTC), and `usual` what is in the middle of the last four
    same weekdays. `days`: of each gauge, name and detail, its value on each day that has any.
    `live`: gauges as they are now. `networks`, `accounts`: where most fails, with how often.
    `alerts`: how many are open, and `critical` of them.
    `waits_since`: when the oldest entry happened that is not counted yet.
    `verified`: when the trail was last read whole, and how much was wrong with it."""

    at: str
    pieces: list[str]
    counts: dict[str, list[int]]
    before: dict[str, int]
    today: list[int]
    usual: list[float]
    days: Days
    live: Gauges
    limits_today: int
    alerts: int = 0
    critical: int = 0
    networks: list[tuple[str, int]] = field(default_factory=list)
    accounts: list[tuple[str, int]] = field(default_factory=list)
    sampled_at: str = ""
    waits_since: str = ""
    verified: tuple[str, int] | None = None

    @property
    def gauged(self) -> Gauges:
        """The newest sample of each gauge, under what is known now."""
        newest = self.days[max(self.days)] if self.days else {}
        return newest | self.live

    def total(self, measure: str) -> int:
        return sum(self.counts[measure])


def of(kind: Kind) -> Numbers:
    """The numbers of this period, at most a minute old."""
    key = f"watch:2:{kind.name}"
    if (kept := _read(cache.get(key))) is not None:
        return kept
    numbers = gathered(kind, timezone.now())
    cache.set(key, json.dumps(asdict(numbers)), SECONDS)
    return numbers


def _read(kept: object) -> Numbers | None:
    """What the cache has, if it is what was put there."""
    try:
        return Numbers(**json.loads(kept)) if isinstance(kept, str) else None
    except (TypeError, ValueError):
        return None


def gathered(kind: Kind, now: datetime) -> Numbers:
    """As of `now`. The same statements whatever the tables hold; of entries, those that an index
    leads to: the first that waits, and the last that tells of a check."""
    span = spans.at(kind, now)
    today, usual, limits = _day(now)
    open_alerts = _alerts()
    first = min(span.begins, now - WEEK + DAY).date()
    days, sampled_at = gauges.over(first, now.date())
    if gauges.is_of_nobody(days):  # and so few that it takes no time
        gauges.renew(now)
        days, sampled_at = gauges.over(first, now.date())
    waits = strange.moment(Entry.objects.filter(sequence=None).order_by("id"))
    return Numbers(
        at=now.isoformat(),
        pieces=span.pieces,
        counts=measures.measured(span),
        before=measures.totals(span.before),
        today=today,
        usual=usual,
        days=days,
        live=gauges.by_name(gauges.live()),
        limits_today=limits,
        alerts=sum(open_alerts.values()),
        critical=sum(n for rule, n in open_alerts.items() if rule in CRITICAL),
        networks=failures.most(Whose.NETWORK, span),
        accounts=failures.most(Whose.ACCOUNT, span),
        sampled_at=sampled_at.isoformat() if sampled_at else "",
        waits_since=waits.isoformat() if waits else "",
        verified=_verified(),
    )


def _day(now: datetime) -> tuple[list[int], list[float], int]:
    """Sign-ins of this day by the hour, the same of a usual one, and limits reached today."""
    begins = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    same = [begins - number * WEEK for number in range(WEEKS + 1)]
    inside = Q()
    for day in same:
        inside |= Q(hour__gte=day, hour__lt=day + DAY)
    rows = HourCount.objects.filter(inside, event__in=[Event.SIGNED_IN, Event.LIMIT_REACHED])
    found = {
        (event, piece): count
        for event, piece, count in rows.values_list("event", Piece("hour", HOUR)).annotate(
            Sum("count")
        )
    }

    def by_hour(event: Event, day: datetime) -> list[int]:
        hours = (spans.name(day + number * HOUR, HOUR) for number in range(24))
        return [found.get((event.value, hour), 0) for hour in hours]

    today, *others = [by_hour(Event.SIGNED_IN, day) for day in same]
    usual = [float(median(hours)) for hours in zip(*others, strict=True)]
    return today, usual, sum(by_hour(Event.LIMIT_REACHED, begins))


def _alerts() -> dict[str, int]:
    """How many are open, by rule."""
    still_open = Alert.objects.exclude(state=Alert.State.CLOSED)
    return dict(still_open.values_list("rule").annotate(Count("pk")))


def _verified() -> tuple[str, int] | None:
    newest = checking.newest()
    return (newest[0].isoformat(), newest[1]) if newest else None
