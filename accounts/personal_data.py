"""What each room keeps of a person: what they get in the copy of their data, and how it is erased.

Each room names one `PersonalData` in settings.PERSONAL_DATA. A table that names people and on which no
room has a verdict fails a test: it is handed out, or left out for a reason that its owner reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection
from django.db.models import Model, QuerySet
from django.dispatch import receiver
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from accounts.models import User

Words = str | Promise
M = TypeVar("M", bound=Model)
# By column: str, int, bool, datetime, None, or lists and dicts of them.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """One part of the copy, and one file of it: `stem` names the file, `columns` each value for its
    reader, in their order. `rows(user)` reads them one after the other: there may be very many.
    `said`: how the page says the value of a column, where it is a word for programs; '' for not at
    all."""

    stem: str
    title: Words
    columns: Mapping[str, Words]
    rows: Callable[[User], Iterable[Row]]
    said: Mapping[str, Callable[[Any], Words]] = field(default_factory=dict)
    # Of which tables, as Django labels them.
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """What is kept and not handed out, and why, in words for its owner."""

    what: Words
    why: Words
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonalData:
    """`erase(user)` removes all that the room keeps of the person, inside the transaction that erases
    them: no row of `sections` and `left_out` names them afterwards. The exceptions stand in `kept`, by
    table, each with the reason. The person's own row goes last, by whoever calls (accounts/flows/)."""

    sections: tuple[Section, ...]
    erase: Callable[[User], None]
    left_out: tuple[LeftOut, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)

    def export(self, user: User) -> Iterator[tuple[Section, Iterable[Row]]]:
        """Each section with its rows, which are read when they are asked for."""
        for section in self.sections:
            yield section, section.rows(user)


@lru_cache(maxsize=1)
def every() -> tuple[PersonalData, ...]:
    """Of all rooms, the lowest first."""
    return tuple(map(import_string, settings.PERSONAL_DATA))


def in_pieces(rows: QuerySet[M], size: int = 500) -> Iterator[M]:
    """All of `rows` by their primary key, however many, read a few at a time and to the end each time:
    SQLite writes nothing on a connection that has a SELECT open from before somebody else wrote."""
    ordered, last = rows.order_by("pk"), None
    while found := list(ordered.filter(**{} if last is None else {"pk__gt": last})[:size]):
        yield from found
        last = found[-1].pk


def export(user: User) -> Iterator[tuple[Section, Iterable[Row]]]:
    """All that the person gets."""
    for room in every():
        yield from room.export(user)


def left_out() -> list[LeftOut]:
    return [one for room in every() for one in room.left_out]


def erase(user: User) -> None:
    """All that any room keeps of the person but their own row, the highest room first."""
    assert connection.in_atomic_block  # noqa: S101 - all of it or nothing
    for room in reversed(every()):
        room.erase(user)


@receiver(setting_changed)
def _forget(**_changed: object) -> None:
    every.cache_clear()
