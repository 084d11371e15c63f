"""Entries are found by what staff may ask, newest first, at one price whatever the table holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import searching, trail
from audit.events import Event
from audit.models import Entry
from audit.searching import Sought, find
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
BOB = "33333333-3333-4333-8333-333333333333"
HOME, AWAY = "203.0.113.7", "198.51.100.9"


def happened(event: Event, *, ip: str = HOME, **facts: Any) -> int:
    trail.record(event, request=request_from(ip), **facts)
    return Entry.objects.order_by("-id").values_list("id", flat=True)[0]


def ids(sought: Sought, **asked: Any) -> list[int]:
    return [line.id for line in find(sought, **asked).lines]


def test_a_person_is_found_as_whoever_acted_and_whom_it_was_about() -> None:
    one = happened(Event.SIGNED_IN, actor=ALICE, subject=ALICE)
    two = happened(Event.DEACTIVATED, actor=BOB, subject=ALICE)
    three = happened(Event.SIGNED_IN, actor=BOB, subject=BOB)
    assert ids(Sought(person=ALICE)) == [two, one]
    assert ids(Sought(person=BOB)) == [three, two]
    assert ids(Sought(person=BOB, event=Event.SIGNED_IN)) == [three]
    assert ids(Sought(person="nobody")) == []
    assert ids(Sought()) == [three, two, one]


def test_networks_addresses_and_requests_are_found() -> None:
    home = happened(Event.SIGNED_IN, subject=ALICE)
    near = happened(Event.SIGNED_OUT, subject=ALICE, ip="203.0.113.8")
    away = happened(Event.SIGNED_IN, subject=ALICE, ip=AWAY)
    network = trail.network_digest(HOME)
    addresses = tuple(trail.address_digests(HOME))
    assert ids(Sought(network=network)) == [near, home]
    assert ids(Sought(network=network, event=Event.SIGNED_IN)) == [home]
    assert ids(Sought(addresses=addresses)) == [home]
    assert ids(Sought(addresses=addresses, person=BOB)) == []
    assert ids(Sought(request="00ff00ff00ff00ff")) == [away, near, home]
    assert ids(Sought(request="00ff00ff00ff00f0")) == []


def test_days_are_exact(clock) -> None:
    first = happened(Event.SIGNED_IN, subject=ALICE)
    begun = datetime.now(UTC)
    clock.forward(days=1)
    second = happened(Event.SIGNED_IN, subject=ALICE)
    clock.forward(days=1)
    third = happened(Event.SIGNED_IN, subject=ALICE)
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert ids(Sought(since=begun + hour)) == [third, second]
    assert ids(Sought(until=begun + hour)) == [first]
    assert ids(Sought(since=begun + hour, until=begun + day + hour)) == [second]
    assert ids(Sought(since=begun + 9 * day)) == ids(Sought(until=begun - day)) == []
    # To the second: clocks may differ, what is asked does not.
    at = Entry.objects.get(pk=second).at
    assert ids(Sought(since=at, until=at + timedelta(seconds=1))) == [second]
    assert ids(Sought(person=ALICE, since=at + timedelta(seconds=1))) == [third]


@pytest.mark.parametrize("through", [3, 10_000])
def test_pages_go_on_where_the_last_one_ended(monkeypatch, through) -> None:
    """Also where each looks through no more than three."""
    monkeypatch.setattr(searching, "LOOKED_THROUGH", through)
    wanted = []
    for number in range(25):
        event = Event.SIGNED_IN if number % 4 == 0 else Event.SIGNED_OUT
        entry = happened(event, actor=BOB, subject=ALICE if number % 2 else BOB)
        if event is Event.SIGNED_IN:
            wanted.append(entry)
    for sought in (
        Sought(event=Event.SIGNED_IN),
        Sought(event=Event.SIGNED_IN, person=BOB),
        Sought(event=Event.SIGNED_IN, network=trail.network_digest(HOME)),
        Sought(event=Event.SIGNED_IN, request="00ff00ff00ff00ff"),
    ):
        found, before, pages = [], None, 0
        while True:
            page = find(sought, before=before, limit=2)
            found += [line.id for line in page.lines]
            pages += 1
            if page.older is None:
                break
            assert before is None or page.older < before
            before = page.older
        assert found == wanted[::-1] and pages < 40
        assert sum(map(len, searching.every(sought, most=100, chunk=2))) == len(wanted)
    several = list(searching.every(Sought(event=Event.SIGNED_IN), most=5, chunk=2))
    assert [line.id for lines in several for line in lines] == wanted[:1:-1]


# --- However much there is ------------------------------------------------------------------------


@pytest.fixture
def much() -> Iterator[None]:
    """Rare things among many of others, which each filter alone would read."""
    events = [Event.SIGN_IN_FAILED, Event.SIGNED_IN, Event.SIGNED_OUT]
    rows = [
        Entry(
            event=events[number % 3].value,
            subject_id=f"somebody {number % 97}",
            actor_id=f"somebody {number % 89}",
            request_id=f"{number:016x}",
            network_digest=f"network {number % 11}",
            ip_digest=f"address {number % 101}",
            personal_key="x",
        )
        for number in range(20_000)
    ]
    Entry.objects.bulk_create(rows, batch_size=2_000)
    happened(Event.PASSWORD_CHANGED, actor=BOB, subject=ALICE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    yield


EVENTS = ("", Event.SIGN_IN_FAILED.value, Event.DELETED.value)
PERSONS = ("", "somebody 3", "nobody at all")
NETWORKS = ("", "network 3")
ADDRESSES: tuple[tuple[str, ...], ...] = ((), ("address 3", "no address"))
REQUESTS = ("", "0000000000000123")


def plans_of(sought: Sought, before: int | None) -> Iterator[tuple[str, str]]:
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with CaptureQueriesContext(connection) as captured:
        find(sought, before=before)
    for query in captured.captured_queries:
        if "audit_entry" in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"{explain} {query['sql']}")
                yield query["sql"], "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_every_way_of_asking_is_answered_by_an_index(much: None, monkeypatch) -> None:
    # As far from the whole as it is in a table of years.
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 200)
    last, now = Entry.objects.latest("id").id, datetime.now(UTC)
    days: Any = ((None, None), (now - timedelta(days=1), now + timedelta(days=1)))
    every = product(EVENTS, PERSONS, NETWORKS, ADDRESSES, REQUESTS, days, (None, last - 500))
    for *filters, (since, until), before in every:
        for sql, plan in plans_of(Sought(*filters, since, until), before):
            asked = (filters, since, before, sql, plan)
            assert "Seq Scan" not in plan and "SCAN audit_entry" not in plan, asked
            # The order of the numbers answers only what asks for nothing else from the newest on.
            if any(filters) and since is before is None and "AS part0" in sql:
                walked = ("audit_entry_pkey", "INTEGER PRIMARY KEY")
                assert not any(index in plan for index in walked), asked


@pytest.mark.parametrize(
    "sought",
    [
        Sought(about="somebody 3"),
        Sought(Event.DELETED.value, about="nobody at all"),
        Sought(Event.STAFF_GROUP_CHANGED.value, role=7),
    ],
)
def test_so_are_those_about_somebody_and_about_one_role(much: None, sought: Sought) -> None:
    for sql, plan in plans_of(sought, None):
        assert "Seq Scan" not in plan and "SCAN audit_entry" not in plan, (sql, plan)


def test_what_is_newer_than_the_page_or_older_than_its_days_is_not_passed_by(much: None) -> None:
    """Two bounds of its first column lead an index through all that lies between them, whatever is
    asked of the second: one value alone lets it begin at the number, and end there."""
    last, now = Entry.objects.latest("id").id, datetime.now(UTC)
    event = Event.SIGN_IN_FAILED.value
    pages: list[tuple[Sought, int | None]] = [
        (Sought(event), last - 500),
        (Sought(event, since=now - timedelta(days=1)), None),
        (Sought(event, until=now + timedelta(days=1)), None),
    ]
    for sought, before in pages:
        for _sql, plan in plans_of(sought, before):
            assert "(event)::text >= " not in plan, plan


def test_a_page_asks_the_same_whatever_is_found(much: None) -> None:
    asked = {}
    for sought in (
        Sought(),
        Sought(person=ALICE),
        Sought(event=Event.SIGNED_IN, network="network 3"),
        Sought(event=Event.DELETED, network="network 3"),
    ):
        with CaptureQueriesContext(connection) as captured:
            find(sought)
        asked[sought] = len(captured)
    # What is looked for among others takes one more, to say how far.
    assert list(asked.values()) == [3, 3, 4, 2]
