"""What entries say, as the table holds it: for whoever checks that they say it still.

Read so that nothing that somebody wrote there with SQL (a time that is none, a number in the place of a
text) keeps what comes after it from being read. What is not of its kind reads as something that no mac
of this site was made over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any

from django.db import connection

from audit import texts
from audit.chain import seals

# Times as text: reading each into a datetime and writing it out again costs more than a seal, and there
# are some that Python has no datetime for.
# SECURITY: only of these years does to_char say all. It says a year before Christ as the same year
# after, and nothing of an infinite time.
_TIME = (
    "CASE WHEN {0} >= '0001-01-01 00:00:00+00' AND {0} < '10000-01-01 00:00:00+00'"
    " THEN to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    " ELSE {0}::text END"
)
_TEXT = texts.OF_SQLITE
_WHOLE = "CASE WHEN typeof({0}) = 'integer' THEN {0} END"
_BYTES = "CASE WHEN typeof({0}) = 'blob' THEN {0} END"

# A place, as the worker gives them. SQLite keeps a text there too, or a half, whatever the column is
# declared as: between or behind the others in their order.
_PLACED = {
    "postgresql": "(sequence >= 1)",
    "sqlite": "(sequence >= 1 AND typeof(sequence) = 'integer')",
}

# Of what the columns hold: the mac, and the values of `seals.COLUMNS`.
Reader = Callable[[Sequence[Any]], tuple[bytes, list[Any]]]
_utf8 = methodcaller("decode")
_AT = seals.COLUMNS.index("at")


def columns() -> str:
    """To be asked for: the mac, and what it covers. `reader()` makes of them what they are."""
    if connection.vendor == "postgresql":
        said = (time("at") if column == "at" else column for column in seals.COLUMNS)
        return ", ".join(("mac", *said))
    said = (_TEXT.format(column) for column in seals.COLUMNS[:-1])
    return ", ".join((_BYTES.format("mac"), *said, _BYTES.format(seals.COLUMNS[-1])))


def time(column: str) -> str:
    """A time as text, to be asked for by itself; on SQLite as `columns()` has it."""
    return (_TIME if connection.vendor == "postgresql" else _TEXT).format(column)


def whole(column: str) -> str:
    """A number, to be asked for by itself: NULL where SQLite was given something else."""
    return column if connection.vendor == "postgresql" else _WHOLE.format(column)


def placed() -> str:
    """The condition of SQL that an entry has a place in the chain."""
    return _PLACED[connection.vendor]


def reader() -> Reader:
    """What makes of these values the mac of a row, and the values of `seals.COLUMNS`: the time as text,
    None for a text that is none. For as many rows as are read."""
    return _of_sqlite if connection.vendor == "sqlite" else _as_given


def _as_given(values: Sequence[Any]) -> tuple[bytes, list[Any]]:
    mac, *said = values
    said[-1] = bytes(said[-1])
    return bytes(mac), said


def _of_sqlite(values: Sequence[Any]) -> tuple[bytes, list[Any]]:
    """Different for different bytes.

    SECURITY: so is the time. Written with a T, or with a fraction of naught, it is the same moment and
    would have the same mac; but a copy is known by time and mac, and times are texts here."""
    mac, *said = values
    personal = said.pop() or b""
    at = said[_AT]
    if at and (b"T" in at or at.endswith(b".000000")):
        said[_AT] = None
    try:
        return mac or b"", [*map(_utf8, said), personal]
    except (AttributeError, UnicodeDecodeError):
        decoded = (None if one is None else one.decode(errors="surrogateescape") for one in said)
        return mac or b"", [*decoded, personal]
