"""Fills the database of DATABASE_URL with people and what they leave behind.

`python -m tests.bench.crowd 1000000`: each has a confirmed address, a live session, a key and an
entry in the trail; somebody has just guessed at each, from a network of their own, and one in four is
counted by the limits and has a known device. Rows go in by COPY or executemany: they are made as one
real row was, and differ in what is unique. All have one password, and its hash. A second number says
how many of them may really do something.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import django

PASSWORD = "a kettle of quiet violets"
ACTORS = 500  # those who really do something, spread evenly among all
CHUNK = 20_000
EVERY = 4  # which of them the limits count and know a device of


def name(number: int) -> str:
    return f"person-{number:07d}"


def address(number: int) -> str:
    return f"{name(number)}@example.org"


def actor(which: int, people: int) -> int:
    """The number of one of the ACTORS; `which` starts again at the end."""
    return (which % ACTORS) * (people // ACTORS)


def _uuid(number: int) -> uuid.UUID:
    """Scattered as real ones are, so that their index is as well."""
    return uuid.UUID(bytes=hashlib.md5(b"%d" % number, usedforsecurity=False).digest(), version=4)


def _digest(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


Different = Callable[[int], dict[str, Any]]


def _copies(template: Any, numbers: Iterable[int], differ: Different) -> Iterator[list[Any]]:
    """Rows like the unsaved `template`, in the order of its columns."""
    from django.db import connection

    fields = template._meta.concrete_fields
    place = {field.attname: number for number, field in enumerate(fields)}
    usual = [field.get_db_prep_save(field.pre_save(template, True), connection) for field in fields]
    for number in numbers:
        row = usual.copy()
        for column, value in differ(number).items():
            row[place[column]] = value
        yield row


def _insert(template: Any, numbers: Iterable[int], differ: Different) -> None:
    from django.core.management.color import no_style
    from django.db import connection, transaction

    model = type(template)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in model._meta.concrete_fields)
    into = f"{quote(model._meta.db_table)} ({columns})"
    rows = _copies(template, numbers, differ)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            for sql in connection.ops.sequence_reset_sql(no_style(), [model]):
                cursor.execute(sql)
            return
        marks = ", ".join("?" * len(model._meta.concrete_fields))
        insert = f"INSERT INTO {into} VALUES ({marks})"  # noqa: S608 - names of our own columns
        while chunk := list(islice(rows, CHUNK)):
            connection.connection.executemany(insert, chunk)


def _people(count: int) -> None:
    from allauth.account.models import EmailAddress
    from django.contrib.auth.hashers import make_password
    from django.db import connection
    from django.utils import timezone

    from accounts.models import Session, User

    hexed = connection.vendor == "sqlite"
    _insert(
        User(username="", email="", password=make_password(PASSWORD), name="Somebody Else"),
        range(count),
        lambda number: {
            "id": number + 1,
            "uuid": _uuid(number).hex if hexed else _uuid(number),
            "username": name(number),
            "email": address(number),
        },
    )
    _insert(
        EmailAddress(email="", verified=True, primary=True),
        range(count),
        lambda number: {"id": number + 1, "user_id": number + 1, "email": address(number)},
    )
    expires = timezone.now() + timedelta(hours=8)
    _insert(
        Session(key="", data="x" * 400, user_agent="x" * 80, expires_at=expires),
        range(count),
        lambda number: {"key": _digest(number), "user_id": number + 1},
    )


def _trail(count: int, actors: int) -> None:
    from audit import keys
    from audit.events import Event
    from audit.models import Entry, SubjectKey

    acting = set(range(0, count, count // actors))
    keys.obtained(str(_uuid(number)) for number in acting)
    _insert(
        SubjectKey(key="x" * 90),  # nobody opens it
        (number for number in range(count) if number not in acting),
        lambda number: {"subject_id": str(_uuid(number))},
    )
    _insert(
        Entry(event=Event.SIGNED_IN.value, personal=b"x" * 200),
        range(count),
        lambda number: {
            "id": number + 1,
            "subject_id": str(_uuid(number)),
            "actor_id": str(_uuid(number)),
            "personal_key": str(_uuid(number)),
            "request_id": _digest(number)[:16],
            "ip_digest": _digest(number),
            "network_digest": _digest(number >> 2),
        },
    )


def _failures(count: int) -> None:
    from axes.models import AccessAttempt
    from django.utils import timezone

    from accounts.models import KnownDevice, Tally

    now = timezone.now()
    _insert(
        AccessAttempt(attempt_time=now, failures_since_start=1),
        range(count),
        lambda number: {
            "id": number + 1,
            "username": f"name:{_digest(number)}",
            "ip_address": f"fd00::{number >> 16:x}:{number & 65535:x}",
        },
    )
    budgets = ("strangers", "network_failures", "known_devices", "unlock_letters")
    _insert(
        Tally(budget="", count=1, started_at=now),
        range(0, count, EVERY),
        lambda number: {
            "id": number + 1,
            "budget": budgets[number // EVERY % len(budgets)],
            "subject": _digest(number),
        },
    )
    _insert(
        KnownDevice(key="", user_agent="x" * 40),
        range(0, count, EVERY),
        lambda number: {"id": number + 1, "user_id": number + 1, "key": _digest(number)},
    )


def _tidy() -> None:
    """As autovacuum leaves it, so that it does not come by while something is measured."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def main(count: int, actors: int = ACTORS) -> None:
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -400000")
            cursor.execute("PRAGMA synchronous = OFF")
    _people(count)
    _trail(count, actors)
    _failures(count)
    _tidy()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
