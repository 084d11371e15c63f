"""A page of somebody's own trail, as it is shown: sentences by day, failed tries in a row as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.utils import timezone

from accounts import panels, places
from accounts.activity import answers, words
from accounts.activity.told import Kind, Told, Words, is_by_staff
from accounts.models import User
from audit import trail
from audit.events import Event
from audit.trail import Line

PAGE = 50


@dataclass(frozen=True)
class Shown:
    """One entry. `was_me`: what the person said about it, if anything. `device` and `address` are empty
    where they are forgotten, and of what staff did."""

    line: Line
    told: Told
    was_me: bool | None = None

    @property
    def id(self) -> int:
        return self.line.id

    @property
    def at(self) -> datetime:
        return self.line.at

    @property
    def sentence(self) -> Words:
        return self.told.say(self.line)

    @property
    def by_staff(self) -> bool:
        return is_by_staff(self.line)

    @property
    def can_be_answered(self) -> bool:
        """Whether it makes sense to say that it was, or was not, oneself."""
        return self.told.is_own and not self.by_staff

    @property
    def device(self) -> str:
        return "" if self.by_staff else self.line.device

    @property
    def address(self) -> str:
        """The full network address; past its time, what one household or office has."""
        return "" if self.by_staff else self.line.address or self.line.network

    @property
    def place(self) -> str:
        """About where that is, '' where nothing is known."""
        return places.place_of(self.address.partition("/")[0])

    @property
    def ended(self) -> str:
        return words.ended(self.line.facts)

    @property
    def reason(self) -> str:
        """What staff wrote for the person."""
        return str(self.line.facts.get("reason", "")) if self.told.gives_reason else ""

    @property
    def facts(self) -> list[tuple[str, Words]]:
        return words.facts(self.line.facts, gives_reason=self.told.gives_reason)


@dataclass(frozen=True)
class Tries:
    """Failed tries in a row on one day, newest first."""

    items: list[Shown]

    @property
    def count(self) -> int:
        return sum(item.told.is_try for item in self.items)

    @property
    def first(self) -> datetime:
        return self.items[-1].at

    @property
    def last(self) -> datetime:
        return self.items[0].at


@dataclass(frozen=True)
class Day:
    """`name` is "today", "yesterday" or empty."""

    day: date
    name: str
    rows: list[Shown | Tries]


@dataclass(frozen=True)
class Page:
    """`older` is the entry that the next page begins before; None on the last one."""

    days: list[Day]
    older: int | None


def page(user: User, kind: Kind | None, before: int | None) -> Page:
    """What happened to `user` within POLICY_ACTIVITY_DAYS, of one kind if given, in days of the
    current time zone. Three SELECTs, whatever the number of entries."""
    events = None if kind is None else _events_of(kind)
    lines = trail.page_of(user.subject_id, events=events, before=before, limit=PAGE + 1)
    kept = [line for line in lines[:PAGE] if _is_kept(line)]
    is_last = len(lines) <= PAGE or len(kept) < PAGE
    return Page(_days(_shown(user, kept)), None if is_last else kept[-1].id)


def one(user: User, id: int) -> Shown | None:
    """One entry, if it is this person's and one that is shown. Three SELECTs."""
    line = trail.entry_of(user.subject_id, id)
    return next(_shown(user, [line]), None) if line is not None and _is_kept(line) else None


def _events_of(kind: Kind) -> list[Event]:
    told = panels.sentences()
    return [event for event in Event if (one := told.get(event.value)) and one.kind is kind]


def _is_kept(line: Line) -> bool:
    return line.at > timezone.now() - timedelta(days=settings.POLICY_ACTIVITY_DAYS)


def _shown(user: User, lines: list[Line]) -> Iterator[Shown]:
    """Without those that are deliberately not shown, events of a vocabulary before this one, and what
    this site did not write."""
    said = answers.of(user, [line.id for line in lines]) if lines else {}
    for line in lines:
        if line.ours and (told := panels.sentences().get(line.event)):
            yield Shown(line, told, said.get(line.id))


def _days(items: Iterable[Shown]) -> list[Day]:
    today = timezone.localdate()
    names = {today: "today", today - timedelta(days=1): "yesterday"}
    return [
        Day(day, names.get(day, ""), list(_rows(of_day)))
        for day, of_day in groupby(items, key=lambda item: timezone.localdate(item.at))
    ]


def _rows(items: Iterable[Shown]) -> Iterator[Shown | Tries]:
    for failed, run in groupby(items, key=lambda item: item.told.kind is Kind.FAILED):
        of_run = list(run)
        if failed and (tries := Tries(of_run)).count > 1:
            yield tries
        else:
            yield from of_run
