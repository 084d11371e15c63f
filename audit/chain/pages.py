"""The entries of the trail, in the order in which the chain is followed and a page at a time: no cursor
is held open, and at most CHUNK of them are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

from audit import texts
from audit.chain import rows

CHUNK = 5_000
_NEXT = (
    "SELECT sequence, id, {seal}, {said} FROM audit_entry"
    " WHERE {placed} AND sequence > %s ORDER BY sequence LIMIT %s"
)
_NEWEST = "SELECT sequence FROM audit_entry WHERE {placed} ORDER BY sequence DESC LIMIT 1"
_WAITING = (
    "SELECT id, {said} FROM audit_entry WHERE sequence IS NULL AND id > %s ORDER BY id LIMIT %s"
)
_NOWHERE = (
    "SELECT id, {place} FROM audit_entry WHERE sequence IS NOT NULL AND NOT {placed} ORDER BY id"
)


def newest() -> int:
    """The last place that there is, 0 where there is none."""
    found = _found(_NEWEST)
    return found[0][0] if found else 0


def after(place: int) -> list[tuple[Any, ...]]:
    """Place, number, seal (for `texts.read`) and what `rows.columns()` asks for, of those behind
    `place`."""
    return _found(_NEXT, place, CHUNK)


def waiting() -> Iterator[tuple[Any, ...]]:
    """Number and what `rows.columns()` asks for, of those that have no place yet."""
    newest = -(2**63)
    while page := _found(_WAITING, newest, CHUNK):
        yield from page
        newest = page[-1][0]


def nowhere() -> list[tuple[int, int | None]]:
    """Number and place of those whose place is none: the worker gave it to nobody. Of one that is no
    number not even that."""
    return [(id, place) for id, place in _found(_NOWHERE)]


def _found(statement: str, *values: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        asked = {"said": rows.columns(), "placed": rows.placed()}
        asked |= {"seal": texts.asked("seal"), "place": rows.whole("sequence")}
        cursor.execute(statement.format(**asked), values)
        return cursor.fetchall()
