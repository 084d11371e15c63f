"""Which limits are full just now, and whose they are as far as that can be told.

Counts stand under keyed digests. Whoever was named by a recent entry of the trail is found by making
the digest of each; anybody else stays a digest.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.lockout import buckets, limits
from accounts.lockout.counting import AHEAD
from accounts.lockout.known import Known, Whose, every
from accounts.models import Tally, User
from accounts.moments import aware
from audit import searching
from audit.events import Event
from audit.sealing import keyed_digest
from audit.trail import Line

LOOKED_AT = 500  # entries of each event in which names are looked for
ACCOUNTS = 500  # of each limit, the fullest first
_USER = re.compile(r"uid:([0-9]{1,18})", re.ASCII)
_MARK = re.compile(r"([0-9]{1,9})\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class Lockout:
    """One full limit. `subject` is what its row is kept under. `person`: whose account it is;
    `is_nobodys`: a name that nobody has. `network`: what it counts, '' where that is not known."""

    known: Known
    pk: int
    count: int
    until: datetime | None
    subject: str
    person: User | None = None
    is_nobodys: bool = False
    network: str = ""

    @property
    def mark(self) -> str:
        """Where the next page begins."""
        return f"{self.count}.{self.pk}"

    @property
    def is_clearable(self) -> bool:
        """Whether it is cleared as it stands. What is somebody's account is opened on their page, which
        tells them; and what may be, is not cleared behind their back."""
        return self.known.whose != Whose.ACCOUNT or self.is_nobodys


@dataclass(frozen=True)
class Page:
    """`next` is the mark of the last one, '' where no other follows."""

    known: Known
    rows: list[Lockout] = field(default_factory=list)
    next: str = ""


def page(known: Known, *, after: str = "", limit: int = 50) -> Page:
    """The full ones of one limit, the fullest first, behind the mark `after`. One SELECT, which reads
    full rows alone, those too whose window is over, however many counts there are. Nothing for a mark
    that is none."""
    _rows, count, since, subject = _columns(known)
    full = _full(known, timezone.now())
    if after:
        mark = _MARK.fullmatch(after)
        if mark is None:
            return Page(known)
        most, pk = map(int, mark.groups())
        # Not as one or the other, for which SQLite would look twice, and sort.
        full = full.filter(**{f"{count}__lte": most}).exclude(**{count: most, "pk__gte": pk})
    found = list(
        full.order_by(f"-{count}", "-pk").values_list("pk", count, since, *subject)[: limit + 1]
    )
    shown = [_lockout(known, *row) for row in found[:limit]]
    return Page(known, shown, shown[-1].mark if len(found) > limit else "")


def one(known: Known, pk: int) -> Lockout | None:
    """That row, if it is full still."""
    _rows, count, since, subject = _columns(known)
    row = (
        _full(known, timezone.now()).filter(pk=pk).values_list("pk", count, since, *subject).first()
    )
    return _lockout(known, *row) if row else None


def accounts() -> set[int]:
    """Whose accounts full limits hold up, by their numbers, where that can be told. Six SELECTs at
    most."""
    limited = [one for one in every() if one.whose == Whose.ACCOUNT]
    found = named([row for one in limited for row in page(one, limit=ACCOUNTS).rows])
    return {one.person.pk for one in found if one.person}


def clear(lockout: Lockout) -> bool:
    """Begin to count anew; False where it was not full any more. One DELETE, which decides."""
    rows = _full(lockout.known, timezone.now()).filter(pk=lockout.pk)
    return bool(rows._raw_delete(rows.db))


def _columns(known: Known) -> tuple[QuerySet[Any], str, str, tuple[str, ...]]:
    if known.name == limits.ACCOUNT_ON_NETWORK:
        attempts = AccessAttempt.objects.all()
        return attempts, "failures_since_start", "attempt_time", ("username", "ip_address")
    tallies = Tally.objects.filter(budget=known.name)
    return tallies, "count", "started_at", ("subject",)


def _full(known: Known, now: datetime) -> QuerySet[Any]:
    rows, count, since, _subject = _columns(known)
    rows = rows.filter(**{f"{count}__gte": known.limit()})
    if known.window is None:
        return rows
    # A row from the future holds nobody. Said as what is left out: by a range of times SQLite would
    # look for the full ones among all that was counted lately.
    rows = rows.filter(**{f"{since}__gt": now - known.window()})
    return rows.exclude(**{f"{since}__gt": now + AHEAD})


def _lockout(
    known: Known, pk: int, count: int, since: datetime, subject: str, ip: str = ""
) -> Lockout:
    until = aware(since) + known.window() if known.window else None
    is_nobodys = subject.startswith("name:")
    return Lockout(known, pk, count, until, subject, is_nobodys=is_nobodys, network=as_network(ip))


def as_network(address: str) -> str:
    """What the bucket `address` stands for: one address, or a /64; '' for none."""
    if not address or address == buckets.NOWHERE:
        return ""
    found = ipaddress.ip_address(address)
    return address if found.version == 4 else f"{found}/{buckets.IPV6_BITS}"


# --- whose they are -------------------------------------------------------------------------------


def named(lockouts: list[Lockout]) -> list[Lockout]:
    """The same, with people and networks where they can be told. One SELECT for people, and two for
    each event that is looked at, whatever the number of rows."""
    if not lockouts:
        return []
    asked = {event for one in lockouts for event in one.known.seen_in}
    lines = {event: searching.newest(event, limit=LOOKED_AT) for event in asked}
    people = _people(lockouts, lines.get(Event.LIMIT_REACHED, []))
    found: dict[tuple[str, str], str] = {}
    for known in {one.known.name: one.known for one in lockouts}.values():
        for event in known.seen_in if known.whose == Whose.NETWORK else ():
            for address in {buckets.network(line.address) for line in lines[event] if line.address}:
                found[known.name, _digest(known, address)] = as_network(address)
    theirs = {
        (name, _digest_of(name, pk)): user for pk, user in people.items() for name in _STREAKS
    }
    return [
        replace(
            one,
            person=theirs.get((one.known.name, one.subject)) or people.get(_number(one.subject)),
            network=one.network or found.get((one.known.name, one.subject), ""),
        )
        for one in lockouts
    ]


_STREAKS = (limits.STRANGERS, limits.KNOWN_DEVICES)


def _people(lockouts: Iterable[Lockout], lines: Iterable[Line]) -> dict[int, User]:
    subjects = {line.subject_id for line in lines if line.subject_id}
    numbers = {_number(one.subject) for one in lockouts} - {0}
    found = User.objects.filter(Q(uuid__in=subjects) | Q(pk__in=numbers))
    return {user.pk: user for user in found} if subjects or numbers else {}


def _number(subject: str) -> int:
    """Whose account the row of axes is about; 0 for a digest and for a name that nobody has."""
    found = _USER.fullmatch(subject)
    return int(found.group(1)) if found else 0


def _digest_of(name: str, pk: int) -> str:
    return keyed_digest(f"uid:{pk}", purpose=f"budget {name}")


def _digest(known: Known, subject: str) -> str:
    return keyed_digest(subject, purpose=f"budget {known.name}")
