"""A trail of years: `python -m tests.bench.history 10000000` writes so many entries into the database
of DATABASE_URL, as the site and its worker would have: sealed, chained, counted by the hour, in closed
segments, and what it notes by the day (tests/bench/life.py). The people are made by
tests.bench.crowd before it.
"""

from __future__ import annotations

import hmac
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import django

from tests.bench import crowd, life

PEOPLE = 10_000
# The longest period of the dashboard, the one before it, and a bit.
DAYS = 182
CHUNK = 20_000
BUSY = 1_000  # entries of one person, who looks at them
NETWORKS = 50_000


class Writer:
    """Entries in the order of their places, each sealed over the one before it."""

    def __init__(self, count: int) -> None:
        from audit import keys, sealing, trail
        from audit.chain import seals
        from audit.models import Entry

        assert not Entry.objects.exists(), "The trail of this database has begun already."
        self.count, self.trail, self.seals, self.sealing = count, trail, seals, sealing
        self.ends = datetime.now(UTC).replace(microsecond=0)
        self.starts = self.ends - timedelta(days=DAYS)
        people = [str(crowd._uuid(number)) for number in range(PEOPLE)]
        months = {keys.month(self.starts + timedelta(days=day)) for day in range(DAYS + 1)}
        self.opened = keys.obtained({*people, *months, seals.NAME})
        self.chain = seals.keys_of(self.opened[seals.NAME])
        self.people, self.month = people, keys.month
        self.digests = [trail.network_digest(f"10.{n >> 8}.{n & 255}.7") for n in range(NETWORKS)]
        self.hours: Counter[tuple[datetime, str, str]] = Counter()
        self.failures: Counter[tuple[datetime, str, str]] = Counter()
        self.ended: list[tuple[int, str, datetime, datetime]] = []

    def rows(self) -> Iterator[list[Any]]:
        """In the order of COLUMNS."""
        from audit import counting
        from audit.chain import segments

        before, step = self.seals.NOTHING_BEFORE, (self.ends - self.starts) / self.count
        began = self.starts
        for number in range(1, self.count + 1):
            at = self.starts + step * number
            event, facts = life.USUAL[number * 7919 % len(life.USUAL)]
            if number % life.RARELY == 0:
                event, facts = life.RARE[number // life.RARELY % len(life.RARE)]
            whose = 0 if number % (self.count // BUSY) == 0 else number * 104_729 % PEOPLE
            person, network = self.people[whose], number * 611_953 % NETWORKS
            is_failed = event == "account.sign_in_failed"
            said = self._said(event, at, "" if is_failed else person, person, facts, network)
            mac = self.seals.mac(self.chain.entries, said)
            before = self.seals.chained(self.chain.links, before, number, number, mac, ours=True)
            yield [number, *said, mac, number, before.hex()]
            hour = counting.hour_of(at)
            self.hours[hour, event, counting.detail_of(event, person, facts)] += 1
            if is_failed:
                self.failures[hour, "network", self.digests[network]] += 1
                self.failures[hour, "account", person] += 1
            if number % segments.MOST == 1:
                began = at
            if number % segments.MOST == 0:
                self.ended.append((number, before.hex(), began, at))
        self.last = before.hex()

    def _said(
        self, event: str, at: datetime, actor: str, person: str, facts: Any, network: int
    ) -> list[Any]:
        """The values of `seals.COLUMNS`."""
        address = f"10.{network >> 8}.{network & 255}.0/24"
        row = [event, at.isoformat(), actor, person, "", person]
        context = json.dumps(["audit entry", *row])
        personal = json.dumps({"device": "Firefox on Linux", "label": "", "network": address})
        sealed = self.sealing.seal_with(self.opened[person], personal.encode(), context=context)
        ip = hmac.digest(b"bench", b"%d" % network, "sha256").hex()
        return [event, at, actor, person, "", person, ip, self.digests[network], facts, sealed]


def fill(count: int) -> None:
    from django.db import connection

    from audit.chain import seals
    from tests.support.trail import unguarded

    writer = Writer(count)
    columns = ["id", *seals.COLUMNS, "mac", "sequence", "seal"]
    with unguarded(), connection.cursor() as cursor:  # they come with their places
        if connection.vendor == "postgresql":
            _by_copy(cursor, columns, writer.rows())
        else:
            _by_insert(columns, writer.rows())
    _finish(writer)


def _by_copy(cursor: Any, columns: list[str], rows: Iterator[list[Any]]) -> None:
    """Without the indexes, which are made again at the end: many times quicker."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'audit_entry'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    facts = columns.index("facts")
    with cursor.copy(f"COPY audit_entry ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            row[facts] = json.dumps(row[facts])
            copy.write_row(row)
    cursor.execute("SET maintenance_work_mem = '1GB'")
    for _name, definition in indexes:
        cursor.execute(definition)
    cursor.execute(
        "SELECT setval(pg_get_serial_sequence('audit_entry', 'id'), MAX(id)) FROM audit_entry"
    )


def _by_insert(columns: list[str], rows: Iterator[list[Any]]) -> None:
    from django.db import connection, transaction

    at, facts = columns.index("at"), columns.index("facts")
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO audit_entry ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our columns
    while chunk := list(islice(rows, CHUNK)):
        for row in chunk:
            row[at] = str(row[at].replace(tzinfo=None))
            row[facts] = json.dumps(row[facts])
        with transaction.atomic():
            connection.connection.executemany(sql, chunk)


def _finish(writer: Writer) -> None:
    from audit.chain import notes
    from audit.models import Alert, Head, HourCount, HourFailures, Segment

    HourCount.objects.bulk_create(
        (
            HourCount(hour=hour, event=event, detail=detail, count=count)
            for (hour, event, detail), count in writer.hours.items()
        ),
        batch_size=5_000,
    )
    HourFailures.objects.bulk_create(
        (
            HourFailures(hour=hour, whose=whose, key=key, count=count)
            for (hour, whose, key), count in writer.failures.items()
        ),
        batch_size=5_000,
    )
    first = 1
    for last, seal, began, ended in writer.ended:
        segment = Segment(
            first=first, last=last, seal=seal, began_at=began, ended_at=ended, told_at=ended
        )
        segment.mac = notes.mac(writer.chain, segment)
        segment.save(force_insert=True)
        first = last + 1
    Head.objects.create(sequence=writer.count, seal=writer.last)
    Alert.objects.create(rule="failures_rise", opened_at=writer.ends, found_at=writer.ends)
    _run("ANALYZE")
    life.noted(list(life.days(writer.starts, writer.ends)))
    _run("ANALYZE")


def _run(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def settle() -> None:
    """As autovacuum has it long before anybody looks at entries of years: else it would be at work on
    all of them while they are measured, and their first reader would write them anew."""
    _run("VACUUM")


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
    settle()
