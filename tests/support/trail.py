"""What tests of every room need from the trail: to empty it, and to look for something in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.http import HttpRequest

from audit.chain import seals
from audit.models import Entry

append_only = importlib.import_module("audit.migrations.0011_segments_told")


def let_tests_empty_the_trail() -> None:
    """Django empties all tables after a test with real transactions, which the trail's triggers
    refuse, as they should. The emptying, and nothing else, takes them off and puts them back: of every
    connection, because there is another one while a browser is driven."""
    operations = type(connection.ops)
    plain = operations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        statements = plain(self, style, tables, **options)
        if append_only.TABLE not in tables:
            return statements
        if connection.vendor == "postgresql":
            off, on = (
                [f"ALTER TABLE {table} {what} TRIGGER USER" for table in append_only.GUARDED]
                for what in ("DISABLE", "ENABLE")
            )
        else:
            off, on = append_only.SQLITE_UNLOCK, append_only.SQLITE_LOCK
        return [*off, *statements, *on]

    operations.sql_flush = sql_flush  # type: ignore[method-assign]


@contextmanager
def unguarded() -> Iterator[Callable[..., int]]:
    """What the owner of the database can do: the guards come off; `sql(statement, *values)` runs."""
    vendor = connection.vendor

    def sql(statement: str, *values: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return int(cursor.rowcount)

    for statement in append_only.UNLOCK[vendor]:
        sql(statement)
    yield sql
    for statement in append_only.LOCK[vendor]:
        sql(statement)


def of_ours(*entries: Entry) -> list[Entry]:
    """With the mac of this site, as if it had written them; to be stored by their test."""
    key = seals.keys_of(seals.obtained_key()).entries
    for entry in entries:
        entry.mac = seals.mac(key, [getattr(entry, column) for column in seals.COLUMNS])
    return list(entries)


def everything_in_the_trail() -> str:
    """Every column of every entry as one text, to look for what must not be there."""
    return repr(list(Entry.objects.values_list()))


def request_from(ip: str = "203.0.113.7", device: str = "Firefox on Linux") -> HttpRequest:
    """A request with the facts that our middleware establishes."""
    request: Any = HttpRequest()
    request.client_ip = ip
    request.request_id = "00ff00ff00ff00ff"
    request.device_label = device
    return request


def events_of(person: Any) -> list[str]:
    """What the trail says happened to somebody, oldest first."""
    rows = Entry.objects.filter(subject_id=person.subject_id).order_by("pk")
    return list(rows.values_list("event", flat=True))
