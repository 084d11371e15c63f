"""What a request cost: statements as issue and design count them, and hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.passwords import slots

_COUNTED = ("SELECT", "INSERT", "UPDATE", "DELETE")


class Statements:
    """SELECT, INSERT, UPDATE, DELETE, without transaction words, the last-seen touch and the
    reading of the network rules: both come by the clock, not by the request."""

    def __init__(self) -> None:
        self.sql: list[str] = []

    @property
    def count(self) -> int:
        return len(self.sql)

    @property
    def kinds(self) -> list[str]:
        """Each statement with its values and lists taken out."""
        bare = [
            re.sub(r"'[^']*'|\b\d+\b|X'[0-9A-F]*'|%s|NULL|\b(?:true|false)\b", "?", sql)
            for sql in self.sql
        ]
        return [re.sub(r"IN \([?, ]+\)", "IN (?)", sql)[:200] for sql in bare]


@contextmanager
def statements() -> Iterator[Statements]:
    counted = Statements()
    with CaptureQueriesContext(connection) as captured:
        yield counted
    counted.sql = [
        query["sql"]
        for query in captured.captured_queries
        if query["sql"].lstrip("( ").upper().startswith(_COUNTED)
        and '"accounts_networkrule"' not in query["sql"]
        and "last_seen_at" not in query["sql"].partition(" WHERE ")[0].partition(" SET ")[2][:20]
    ]


class Hashes:
    made = 0


@contextmanager
def hashes() -> Iterator[Hashes]:
    """How many passwords this process hashed inside the block."""
    counted, before = Hashes(), slots.made()
    yield counted
    counted.made = slots.made() - before
