"""What the rules look at, gathered once for all of them by statements that an index answers, whatever
the tables hold."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.module_loading import import_string

from audit import strange
from audit.chain import ending
from audit.counting import FAILURES, hour_of
from audit.events import Event
from audit.facts import inert
from audit.models import Alert, AlertCheck, Entry, HourFailures
from audit.watch import gauges, measures
from audit.watch.spans import DAY, HOUR, WEEK, WEEKS

Hours = Mapping[datetime, float]
# Numbers that may rise.
RISING = ("failed", "sent_text", "resets_asked")
# Of which the rules hear once each; of people only those that are about staff.
MADE_STAFF = (Event.STAFF_USER_CHANGED, Event.STAFF_SUPERUSER_CREATED)
LOST_METHOD = (
    Event.STAFF_METHOD_REMOVED,
    Event.STAFF_SECOND_STEP_REMOVED,
    Event.FACTOR_REMOVED,
    Event.FACTOR_STOPPED,
    Event.TWO_STEP_TURNED_OFF,
    Event.RECOVERY_FINISHED,
)
FACTS = ("marks_given", "device", "found", "fields", "of_staff")
EVENTS = (*MADE_STAFF, *LOST_METHOD, Event.TRAIL_VERIFIED)
# Of one look: places of the chain, and pairs of a network and an account where tries failed. The limits
# of sign-in keep an hour below that.
PLACES, PAIRS = 50_000, 20_000
# So much later an entry may still be counted into an hour that is over: what waits for longer alarms
# by itself (`trail_late`).
LATE = timedelta(minutes=5)
# Whose hours are looked up: those with most networks, or accounts.
MOST = 20
# The opaque id of somebody who has an account; a name that nobody has is a digest.
_ACCOUNT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True)
class Happened:
    """An entry; of its facts, as text, those that rules ask for. Its time is not among it: whoever has
    SQL on the table can write one that nobody can read."""

    event: str
    subject: str
    marks: str = ""
    device: str = ""
    found: str = ""
    fields: str = ""
    of_staff: str = ""


@dataclass(frozen=True)
class Facts:
    """As of `now`. `counted`: by measure what the last 24 hours had, and `usual` what is in the middle
    of the same hours of the last four weeks. `hours`: those in which a rise is looked for.
    `tries`: pairs of a network and an account at which tries failed within the last hour; `tried`: by
    either how many failed in which hour. `happened`: entries since the last look, up to the place
    `sequence`; `went_back`: the chain ends before where the last look ended. `staff`: who of
    those that they are about is staff by now. `told`: networks and accounts of which an alert is open.
    `clock_off`: seconds by which the database is ahead."""

    now: datetime
    hours: Sequence[datetime] = ()
    counted: Mapping[str, Hours] = field(default_factory=dict)
    usual: Mapping[str, Hours] = field(default_factory=dict)
    tries: Sequence[tuple[str, str]] = ()
    tried: Mapping[str, Hours] = field(default_factory=dict)
    happened: Sequence[Happened] = ()
    sequence: int = 0
    went_back: bool = False
    staff: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    mail_waits: float = 0
    unplaced_since: datetime | None = None
    clock_off: float = 0

    def accounts(self) -> list[tuple[str, int]]:
        """Networks, and at how many accounts tries from there failed, most first."""
        return most(self.tries, self.told)

    def networks(self) -> list[tuple[str, int]]:
        """The same of accounts, and from how many networks."""
        return most([(account, network) for network, account in self.tries], self.told)


def most(
    pairs: Sequence[tuple[str, str]], told: Collection[str] = frozenset()
) -> list[tuple[str, int]]:
    """MOST of those that an alert is open of, and as many others.

    SECURITY: who sends decoys must not take the seats of whom they are after: of those that nobody was
    told of, accounts go before names that nobody has, which cost nothing."""
    counted = Counter(one for one, other in set(pairs) if one and other)
    ranked = sorted(
        counted.items(), key=lambda one: (not _ACCOUNT.fullmatch(one[0]), -one[1], one[0])
    )
    new = [one for one in ranked if one[0] not in told][:MOST]
    return [*new, *[one for one in ranked if one[0] in told][:MOST]]


def gathered(check: AlertCheck, now: datetime) -> Facts:
    """Fifteen statements at most where all entries read, and those of the sources."""
    counted, usual = _counts(now)
    tries = _tries(now)
    lately = Alert.objects.filter(found_at__gte=now - DAY).exclude(about="")
    told = frozenset(lately.values_list("about", flat=True)) if tries else frozenset()
    head = ending.kept().sequence
    went_back = head < check.sequence
    # From there on, or whatever comes next would not be heard of.
    sequence, happened = (head, []) if went_back else _happened(check)
    subjects = {one.subject for one in happened if one.subject}
    staff = import_string(settings.WATCH_STAFF)(subjects) if subjects else ()
    waits = strange.moment(Entry.objects.filter(sequence=None).order_by("id"))
    live = gauges.by_name(gauges.live())
    return Facts(
        now=now,
        hours=_hours(check, now),
        counted=counted,
        usual=usual,
        tries=tries,
        tried=_tried(tries, told, now),
        happened=happened,
        sequence=sequence,
        went_back=went_back,
        staff=frozenset(staff),
        told=told,
        mail_waits=live.get("waiting_seconds", {}).get("email", 0),
        unplaced_since=waits,
        clock_off=_clock_off(),
    )


def day_before(now: datetime) -> list[datetime]:
    """The last 24 hours, oldest first, with the one that runs."""
    return [hour_of(now) - ago * HOUR for ago in range(23, -1, -1)]


def _hours(check: AlertCheck, now: datetime) -> list[datetime]:
    """Newest first: this hour, and those of the last day that nobody has looked at since they ended
    and were counted. At the first look ever there is none of those: what was before it alarms nobody,
    or who turns a site over to a new version would be told of what they know."""
    looked = now if check.checked_at is None else min(check.checked_at, now) - LATE
    return [hour for hour in reversed(day_before(now)) if hour >= hour_of(looked)]


def _counts(now: datetime) -> tuple[dict[str, Hours], dict[str, Hours]]:
    hours = day_before(now)
    weeks = [WEEK * ago for ago in range(WEEKS + 1)]
    found = measures.by_hour(RISING, [hour - week for week in weeks for hour in hours])
    counted: dict[str, Hours] = {}
    usual: dict[str, Hours] = {}
    for name in RISING:
        number = found[name]
        counted[name] = {hour: number.get(hour, 0) for hour in hours}
        usual[name] = {
            hour: float(median(number.get(hour - week, 0) for week in weeks[1:])) for hour in hours
        }
    return counted, usual


def _tries(now: datetime) -> list[tuple[str, str]]:
    """By the number of the first entry of the hour: the index of an event knows no times. Where one
    does not read, those of the newest PAIRS that this site wrote."""
    since = now - HOUR
    # Of several of one moment the lowest, or the others would be none of that hour.
    recent = Entry.objects.filter(at__gte=since).order_by("at", "id")
    first = recent.values_list("id", flat=True).first()
    if first is None:
        return []
    failed = Entry.objects.filter(event__in=FAILURES, id__gte=first, at__gte=since)
    rows = failed.annotate(name=KT("facts__identifier")).values_list(
        "network_digest", "subject_id", "name"
    )
    try:
        return [
            (str(network), str(subject or name or ""))
            for network, subject, name in rows.distinct()[:PAIRS]
        ]
    except strange.UNREADABLE:
        return [
            (one.network_digest, one.subject_id or _as_text(one.facts.get("identifier")))
            for one in strange.ours(failed.order_by("-id")[:PAIRS], also_unknown=True)
        ]


def _tried(
    tries: Sequence[tuple[str, str]], told: Collection[str], now: datetime
) -> dict[str, Hours]:
    turned = [(account, network) for network, account in tries]
    keys = {key for key, _count in (*most(tries, told), *most(turned, told))}
    found: dict[str, dict[datetime, float]] = defaultdict(dict)
    if keys:
        rows = HourFailures.objects.filter(
            hour__in=day_before(now), whose__in=HourFailures.Whose.values, key__in=keys
        )
        for key, hour, count in rows.values_list("key", "hour", "count"):
            found[key][hour] = count
    return dict(found)


def _happened(check: AlertCheck) -> tuple[int, list[Happened]]:
    """By places in the chain, which come in the order in which entries are found: numbers may be
    committed out of turn, and one would be passed over for ever."""
    placed = Entry.objects.filter(
        sequence__gt=check.sequence, sequence__lte=check.sequence + PLACES
    )
    last = placed.order_by("-sequence").values_list("sequence", flat=True).first()
    if last is None:
        return check.sequence, []
    # Of sign-ins there are many, and on new devices of staff few.
    asked = Q(event__in=EVENTS) | Q(event=Event.SIGNED_IN, facts__device="new")
    rows = placed.filter(asked, sequence__lte=last).order_by("sequence")
    return last, [one for _number, one in happened(rows)]


def happened(found: QuerySet[Entry]) -> list[tuple[int, Happened]]:
    """As rules look at them, each with its number. Two SELECTs where all read.

    SECURITY: what this site did not write alarms nobody, and keeps no alarm from what comes after it.
    Where the key of the chain is gone, whatever reads may alarm."""
    return [
        (
            one.pk,
            Happened(
                one.event,
                inert(one.subject_id)[:64],
                *(_as_text(one.facts.get(name)) for name in FACTS),
            ),
        )
        for one in strange.ours(found, also_unknown=True)
    ]


def _as_text(fact: Any) -> str:
    """Nothing where it is of no kind that our facts are."""
    if isinstance(fact, list):
        return "[" + ", ".join(f'"{one}"' for one in fact if isinstance(one, str)) + "]"
    return str(fact) if isinstance(fact, str | int) else ""


def _clock_off() -> float:
    """SQLite has no clock but the one of this machine."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        asked = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        database = float(cursor.fetchone()[0])
    # In the middle of the question: a slow line is no slow clock.
    return database - (asked + time.time()) / 2
