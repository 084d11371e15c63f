"""Lists of the dashboard are found by an index, however long the trail and however rare their kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.events import Event
from audit.models import Entry, HourCount
from audit.watch import measures, spans, tables

pytestmark = pytest.mark.django_db


@pytest.fixture
def long_trail() -> None:
    """Few acts of staff before many failures from a hundred networks, and the counts of a quarter."""
    Entry.objects.bulk_create(
        [Entry(event=Event.UNLOCKED_BY_STAFF, facts={"reason": "x"}) for _ in range(20)]
        + [
            Entry(event=Event.SIGN_IN_FAILED, network_digest=f"network {number % 100}")
            for number in range(8_000)
        ]
    )
    now = timezone.now()
    HourCount.objects.bulk_create(
        HourCount(hour=now - number * spans.HOUR, event=event, count=1)
        for number in range(24 * 90)
        for event in (Event.SIGNED_IN, Event.SIGNED_OUT)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plans(ask: Callable[[], object], table: str) -> Iterator[str]:
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with CaptureQueriesContext(connection) as captured:
        ask()
    for query in captured.captured_queries:
        if table in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"{explain} {query['sql']}")
                yield "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_rare_acts_and_frequent_networks_are_found_by_their_indexes(long_trail: None) -> None:
    for index, ask in (
        ("entry_event", tables.staff_acts),
        ("entry_network", lambda: tables.network_texts(["network 3", "network 4", "no network"])),
    ):
        found, *_others = plans(ask, "audit_entry")
        assert index in found
        assert "Seq Scan" not in found and "audit_entry_pkey" not in found
        assert "SCAN audit_entry" not in found


def test_counts_are_read_by_their_event_and_hour(long_trail: None) -> None:
    span = spans.at(spans.USUAL, timezone.now())
    (found,) = plans(lambda: measures.measured(span), "audit_hourcount")
    assert "count_event" in found or "one_count_an_hour" in found
    assert "Seq Scan" not in found and "SCAN audit_hourcount" not in found
