"""What this room counts for the dashboard (WATCH_SOURCES), and which countries texts go to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from statistics import median

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Case, CharField, Count, Min, Q, Value, When
from django.db.models.functions import Greatest, Left, Length, StrIndex, Substr
from django.utils import timezone
from phonenumbers import SUPPORTED_REGIONS

from accounts.lockout import budgets
from accounts.models import OutgoingMail, PendingSignup, Session, Tally, User
from accounts.passwords import inventory
from accounts.passwords.hashers import Argon2Hasher
from accounts.staff_words import is_a_subject
from accounts.texts import numbers as phone_numbers
from audit.watch.gauges import Gauge, Source

CHANNELS = {OutgoingMail.Channel.LETTER: "email", OutgoingMail.Channel.TEXT: "text"}
# Of one channel and day, how many are looked at for what is in the middle.
TIMED = 1_000
# Salt and hash at the end of one of ours, each behind a dollar sign.
_TAIL = 1 + 22 + 1 + 43
_OURS = re.compile(
    r"argon2id\$v=19\$(m=\d{1,7},t=\d{1,2},p=1(?:,keyid=[0-9A-Za-z]{1,32})?)", re.ASCII
)
_ALGORITHM = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
MOST_WAYS = 20
UNUSABLE, UNREADABLE = inventory.UNUSABLE, inventory.UNREADABLE


def live() -> Iterator[Gauge]:
    now = timezone.now()
    waiting = OutgoingMail.objects.filter(state=OutgoingMail.State.WAITING)
    found = {
        channel: (count, since)
        for channel, count, since in waiting.values_list("channel").annotate(
            Count("pk"), Min("created_at")
        )
    }
    for channel, word in CHANNELS.items():
        count, since = found.get(channel, (0, now))
        yield Gauge("waiting", count, word)
        yield Gauge("waiting_seconds", round((now - since).total_seconds()), word)
    leaving = User.objects.filter(deletion_due_at__isnull=False)
    yield Gauge("awaiting_deletion", leaving.count())


def sampled() -> Iterator[Gauge]:
    people = User.objects.aggregate(
        all=Count("pk"),
        off=Count("pk", filter=Q(is_active=False)),
        staff=Count("pk", filter=Q(is_staff=True)),
        two_step=Count("pk", filter=Q(two_step_on=True)),
    )
    yield Gauge("people", people["all"])
    yield Gauge("people", people["off"], "switched_off")
    yield Gauge("people", people["staff"], "staff")
    yield Gauge("two_step", people["two_step"], "on")
    now = timezone.now()
    yield Gauge("unconfirmed", PendingSignup.objects.filter(expires_at__gt=now).count())
    sessions = Session.objects.filter(user__isnull=False, expires_at__gt=now)
    yield Gauge("sessions", sessions.count())
    yield from _hashes()
    for channel, word in CHANNELS.items():
        yield from _delivered(channel, word)


def _hashes() -> Iterator[Gauge]:
    """How many passwords are hashed in which way: what of a hash stands before its salt."""
    whole = Greatest(Length("password") - _TAIL, 0)
    ours = When(
        password__startswith=f"{Argon2Hasher.algorithm}$", then=Substr("password", 1, whole)
    )
    unusable = When(password__startswith=UNUSABLE_PASSWORD_PREFIX, then=Value(UNUSABLE))
    others = When(
        Q(password__contains="$"),  # noqa: S106 - no password
        then=Left("password", StrIndex("password", Value("$")) - 1),
    )
    way = Case(ours, unusable, others, default=Value(UNREADABLE), output_field=CharField())
    counted = User.objects.annotate(way=way).values_list("way").annotate(n=Count("pk"))
    current = Argon2Hasher().nobody()[:-_TAIL]
    ways: Counter[str] = Counter()
    of_today = 0
    for found, count in counted.order_by("-n")[:MOST_WAYS]:
        ways[_named(found)] += count
        of_today += count if found == current else 0
    yield from (Gauge("hashes", count, name) for name, count in ways.items())
    yield Gauge("hashes_current", of_today)


def _named(way: str) -> str:
    """SECURITY: of a hash that somebody wrote by hand the salt may stand elsewhere. None of it is
    kept or shown."""
    if found := _OURS.fullmatch(way):
        return f"{Argon2Hasher.algorithm} {found.group(1)}"
    return way if _ALGORITHM.fullmatch(way) else UNREADABLE


def _delivered(channel: str, word: str) -> Iterator[Gauge]:
    """How many messages left today, and after how many seconds the one in the middle did."""
    begins = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    sent = OutgoingMail.objects.filter(
        state=OutgoingMail.State.SENT, finished_at__gte=begins, channel=channel
    )
    yield Gauge("delivered", sent.count(), word)
    times = sent.order_by("-finished_at").values_list("created_at", "finished_at")[:TIMED]
    waited = [(finished - created).total_seconds() for created, finished in times if finished]
    if waited:
        yield Gauge("delivery_seconds", round(median(waited)), word)


SOURCE = Source(live, sampled)


def staff_among(subjects: Collection[str]) -> set[str]:
    """Who of these is staff now (WATCH_STAFF), by the names the trail has for people. One SELECT."""
    known = [subject for subject in subjects if is_a_subject(subject)]
    found = User.objects.filter(uuid__in=known, is_staff=True).only("uuid") if known else ()
    return {person.subject_id for person in found}


@dataclass(frozen=True)
class Country:
    """How much of what may be texted there in one window is used up."""

    code: str
    name: str
    sent: int
    limit: int

    @property
    def is_closed(self) -> bool:
        return self.sent >= self.limit


def countries() -> list[Country]:
    """Where texts went lately, most first. One SELECT."""
    budget = budgets.COUNTRY_TEXTS
    codes = settings.TEXT_COUNTRIES or sorted(SUPPORTED_REGIONS)
    whose = {budgets.digest(budget, code): code for code in codes}
    rows = Tally.objects.filter(
        budget=budget.name,
        subject__in=whose,
        started_at__gt=timezone.now() - budget.window,
        count__gt=0,
    )
    found = [(count, whose[subject]) for subject, count in rows.values_list("subject", "count")]
    return [
        Country(code, phone_numbers.country_name(code), count, budget.limit())
        for count, code in sorted(found, key=lambda one: (-one[0], one[1]))
    ]
