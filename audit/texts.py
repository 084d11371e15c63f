"""Texts of a table as they are kept, read so that they always come.

SQLite keeps what it is given, whatever a column is declared as, and no text need be UTF-8: one that is
not keeps every row of its SELECT from being read.
"""

from __future__ import annotations

from django.db import connection
from django.db.models.expressions import RawSQL

# As bytes, and nothing of what is no text.
OF_SQLITE = "CASE WHEN typeof({0}) = 'text' THEN CAST({0} AS BLOB) END"


def asked(column: str) -> str:
    """A column, to be asked for by a statement; `read` makes of it what it is."""
    return column if connection.vendor == "postgresql" else OF_SQLITE.format(column)


def column(name: str) -> RawSQL:
    """The same, to be asked for through the models."""
    return RawSQL(asked(name), [])  # noqa: S611 - our columns


def read(kept: bytes | str | None) -> str | None:
    """None for what is no text. Of one that is not UTF-8 the bytes are said: it is none of ours."""
    return kept.decode(errors="backslashreplace") if isinstance(kept, bytes) else kept
