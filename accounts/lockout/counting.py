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

    @property
    def rows(self) -> QuerySet[Model]:
        return self.model._default_manager.filter(**self.key)

    def take(self) -> None:
        """Count one, or raise TooManyTries. Two statements, the same for a first time and for a
        later one; one when closed: the SELECT spares whoever is refused a write (SQLite has one
        writer), and decides nothing."""
        seconds = self.wait()
        if not seconds and not self._add(timezone.now()):
            seconds = self.wait() or 1
        if seconds:
            raise TooManyTries(seconds)

    def take_if_open(self) -> bool:
        """Count one if the counter is open. One statement, and the same one, whether it is or not:
        for acts whose work must not tell."""
        return self._add(timezone.now())

    def wait(self) -> int:
        """Seconds until one more would be counted; 0 if it would be now. One SELECT."""
        count, since = map(connection.ops.quote_name, (self.count, self.since))
        with connection.cursor() as cursor:
            self._ask(cursor, f"SELECT {count}, {since}")
            row = cursor.fetchone()
        if row is None or row[0] < self.limit:
            return 0
        # SQLite keeps no zone beside a time.
        begun = row[1] if timezone.is_aware(row[1]) else row[1].replace(tzinfo=connection.timezone)
        return max(0, math.ceil((begun + self.window - timezone.now()).total_seconds()))

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
        values = [self._adapted(name, value) for name, value in self.key.items()]
        cursor.execute(f"{what} FROM {quoted(self.model._meta.db_table)} WHERE {key}", values)

    def _add(self, now: datetime) -> bool:
        """The one statement that decides. By hand, because Django's upsert has no condition."""
        values = {**self.key, **self.also, self.count: 1, self.since: now}
        quoted = connection.ops.quote_name
        table, count, since = map(quoted, (self.model._meta.db_table, self.count, self.since))
        over = f"{table}.{since} <= %s"
        paused = f"OR {table}.{count} >= %s" if self.pauses else ""
        start = self._adapted(self.since, now - self.window)
        sql = f"""
            INSERT INTO {table} ({", ".join(map(quoted, values))})
            VALUES ({", ".join(["%s"] * len(values))})
            ON CONFLICT ({", ".join(map(quoted, self.key))}) DO UPDATE SET
                {count} = CASE WHEN {over} THEN 1 ELSE {table}.{count} + 1 END,
                {since} = CASE WHEN {over} {paused} THEN excluded.{since} ELSE {table}.{since} END
            WHERE {over} OR {table}.{count} < %s
        """  # noqa: S608 - names of our own columns; every value is a parameter
        last = [self.limit - 1] if self.pauses else []
        with connection.cursor() as cursor:
            row = [self._adapted(name, value) for name, value in values.items()]
            cursor.execute(sql.strip(), [*row, start, start, *last, start, self.limit])
            return cursor.rowcount == 1

    def _adapted(self, name: str, value: Any) -> Any:
        column = self.model._meta.get_field(name)
        return column.get_db_prep_save(value, connection)  # type: ignore[union-attr]
