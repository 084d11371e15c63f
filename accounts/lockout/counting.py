"""One row that counts up to a limit within a window: under any number of racers, never past it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Model, QuerySet
from django.utils import timezone

from accounts.errors import TooManyTries
from accounts.moments import aware, stored

# Clocks of two machines may differ by so much. A row further ahead was written before the clock was
# set back: what it counts has run out, or it would lock people out for as long.
AHEAD = timedelta(minutes=2)


@dataclass(frozen=True)
class Reading:
    """What a row says; nothing was counted where `since` is None."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Counter:
    """Counts in the row of `model` that `key` names uniquely, in its columns `count` and `since`.

    A window begins with the first that is counted in it. At `limit` the counter is closed until the
    window ends; with `pauses`, for a whole window from the last that was counted. Whoever is
    refused is not counted, so refusals never make the wait longer.
    """

    model: type[Model]
    key: dict[str, Any]
    count: str
    since: str
    limit: int
    window: timedelta
    pauses: bool = False
    also: dict[str, Any] = field(default_factory=dict)  # further columns of a new row
    budget: str = ""  # what a refusal says is spent

    @property
    def rows(self) -> QuerySet[Model]:
        return self.model._default_manager.filter(**self.key)

    def take(self) -> None:
        """Count one, or raise TooManyTries. Two statements, the same for a first time and for a
        later one; one when closed: the SELECT spares whoever is refused a write (SQLite has one
        writer), and decides nothing."""
        seconds = self.wait()
        if not seconds and not self.add():
            seconds = self.wait() or 1
        if seconds:
            raise TooManyTries(seconds, budget=self.budget)

    def wait(self) -> int:
        """Seconds until one more would be counted; 0 if it would be now. One SELECT."""
        return self.closed_for(self.read(), timezone.now())

    def closed_for(self, reading: Reading, now: datetime) -> int:
        """The same, for what was read."""
        begun = reading.since
        if begun is None or reading.count < self.limit or begun > now + AHEAD:
            return 0
        # Written a moment after `now` was read, it closes for no longer than it closes.
        gone = max(0.0, (now - begun).total_seconds())
        return max(0, math.ceil(self.window.total_seconds() - gone))

    def read(self) -> Reading:
        """One SELECT."""
        count, since = map(connection.ops.quote_name, (self.count, self.since))
        with connection.cursor() as cursor:
            self._ask(cursor, f"SELECT {count}, {since}")
            row = cursor.fetchone()
        return Reading(row[0], aware(row[1])) if row else Reading()

    def clear(self) -> None:
        """Nothing was counted. One DELETE."""
        with connection.cursor() as cursor:
            self._ask(cursor, "DELETE")

    def give_back(self) -> None:
        """Take one off again: what was counted did not happen. One UPDATE."""
        self.rows.filter(**{f"{self.count}__gt": 0}).update(**{self.count: F(self.count) - 1})

    def _ask(self, cursor: CursorWrapper, what: str) -> None:
        """Written out like the statement below: each guess and each sign-in asks these, and putting
        them together through the models costs more than the answer."""
        quoted = connection.ops.quote_name
        key = " AND ".join(f"{quoted(name)} = %s" for name in self.key)
        table = quoted(self.model._meta.db_table)
        cursor.execute(f"{what} FROM {table} WHERE {key}", list(self.key.values()))

    def add(self) -> int:
        """Count one if the counter is open: the new count, or 0. One statement, the same one whether
        it is or not, and the one that decides. By hand, because Django's upsert has no condition."""
        now = timezone.now()
        values = {**self.key, **self.also, self.count: 1, self.since: stored(now)}
        quoted = connection.ops.quote_name
        table, count, since = map(quoted, (self.model._meta.db_table, self.count, self.since))
        over = f"({table}.{since} <= %s OR {table}.{since} > %s)"
        paused = f"OR {table}.{count} >= %s" if self.pauses else ""
        start = [stored(now - self.window), stored(now + AHEAD)]
        sql = f"""
            INSERT INTO {table} ({", ".join(map(quoted, values))})
            VALUES ({", ".join(["%s"] * len(values))})
            ON CONFLICT ({", ".join(map(quoted, self.key))}) DO UPDATE SET
                {count} = CASE WHEN {over} THEN 1 ELSE {table}.{count} + 1 END,
                {since} = CASE WHEN {over} {paused} THEN excluded.{since} ELSE {table}.{since} END
            WHERE {over} OR {table}.{count} < %s
            RETURNING {count}
        """  # noqa: S608 - names of our own columns; every value is a parameter
        last = [self.limit - 1] if self.pauses else []
        with connection.cursor() as cursor:
            row = values.values()
            cursor.execute(sql.strip(), [*row, *start, *start, *last, *start, self.limit])
            counted = cursor.fetchone()
        return int(counted[0]) if counted else 0
