"""Rows of the trail that hold what no program of ours writes there, put in with SQL: a time that is
none, a number in the place of a text. Pages go on without them; `auth_events verify` names them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from django.db import DatabaseError
from django.db.models import QuerySet

from audit.chain import seals
from audit.models import Entry

logger = logging.getLogger("audit.strange")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# What Django and the drivers raise over such a value. Where the database is away, asking for the
# numbers alone raises it again.
UNREADABLE = (ValueError, TypeError, OverflowError, RecursionError, DatabaseError)


# So many are passed over on one page; who wrote more than that has it short.
_PASSED_OVER = 100


def entries(found: QuerySet[Entry], limit: int) -> list[Entry]:
    """The first of `found` that read as what they are declared to be, in their order. One SELECT where
    all do; where one does not, one more for the numbers and one for each that is looked at."""
    try:
        read = list(found[:limit])
        if all(map(_is_plain, read)):
            return read
    except UNREADABLE:
        pass
    numbers = found.values_list("id", flat=True)[: limit + _PASSED_OVER]
    return list(islice(filter(None, map(entry, numbers)), limit))


def entry(number: int) -> Entry | None:
    """The entry of this number; None where it is not there or does not read."""
    try:
        one = Entry.objects.filter(pk=number).first()
    except UNREADABLE:
        return None
    return one if one is not None and _is_plain(one) else None


def every(found: QuerySet[Entry]) -> list[Entry]:
    """All of `found` that read as what they are declared to be, in their order. One SELECT where all
    do. Where one does not, they are read in halves, not one by one: that takes two hundred more
    among 50,000. How many were left out is logged."""
    try:
        read = list(found)
    except UNREADABLE:
        numbers = list(found.values_list("id", flat=True))
        read = _in_halves(numbers)
        logger.warning("Entries of the trail that do not read: %d.", len(numbers) - len(read))
    return [one for one in read if _is_plain(one)]


def _in_halves(numbers: Sequence[int]) -> list[Entry]:
    try:
        read = Entry.objects.in_bulk(numbers)
        return [read[number] for number in numbers if number in read]
    except UNREADABLE:
        if len(numbers) <= 1:
            return []
    half = len(numbers) // 2
    return [*_in_halves(numbers[:half]), *_in_halves(numbers[half:])]


def ours(found: QuerySet[Entry], *, also_unknown: bool) -> list[Entry]:
    """All of `found` that read and say what this site wrote, in their order. Two SELECTs where all
    read, one where there are none. Where the key of the chain is gone nobody knows what is ours: then
    all of them (`also_unknown`), or none, whichever is more careful.

    SECURITY: an INSERT is all it takes to put one there, and nothing may be decided by it."""
    read = every(found)
    key = seals.kept_key() if read else b""
    if not key:
        return read if also_unknown else []
    mac_key = seals.keys_of(key).entries
    return [one for one in read if seals.holds(mac_key, one)]


def moment(found: QuerySet[Entry]) -> datetime | None:
    """The time of the first of `found`; None where there is none. One SELECT. Of one that does not read
    it is long ago: whoever asks how old it is, is alarmed."""
    try:
        first = found.values_list("id", "at").first()
    except UNREADABLE:
        return LONG_AGO
    if first is None:
        return None
    return first[1] if isinstance(first[1], datetime) else LONG_AGO


def _is_plain(one: Entry) -> bool:
    """SQLite keeps what it is given, whatever a column is declared as."""
    event, at, *texts, facts, personal = (getattr(one, column) for column in seals.COLUMNS)
    return (
        isinstance(at, datetime)
        and isinstance(facts, dict)
        and all(isinstance(text, str) for text in (event, *texts))
        and all(isinstance(raw, bytes | memoryview) for raw in (personal, one.mac))
    )
