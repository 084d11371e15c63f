"""What happened to somebody is found by its kinds, and page by page, however long the history is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import trail
from audit.events import Event
from audit.models import Entry

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
BOB = "33333333-3333-4333-8333-333333333333"
RARE = (Event.PASSWORD_CHANGED, Event.SIGNED_IN)


def happened(subject: str, event: Event, **facts: Any) -> int:
    trail.record(event, subject=subject, **facts)
    return Entry.objects.order_by("-id").values_list("id", flat=True)[0]


def many(number: int, subjects: Iterable[str], events: Iterable[Event]) -> None:
    """Written as fast as can be."""
    of, what = cycle(subjects), cycle(events)
    entries = ({"subject_id": next(of), "event": next(what).value} for _ in range(number))
    Entry.objects.bulk_create(Entry(**entry, personal_key="x") for entry in entries)


def ids(**asked: Any) -> list[int]:
    return [line.id for line in trail.page_of(ALICE, **asked)]


def test_a_page_is_of_the_kinds_asked_for_newest_first() -> None:
    one = happened(ALICE, Event.SIGNED_IN)
    happened(ALICE, Event.SIGNED_OUT)
    happened(BOB, Event.SIGNED_IN)
    two = happened(ALICE, Event.PASSWORD_CHANGED)
    three = happened(ALICE, Event.SIGNED_IN)
    assert ids(events=RARE) == [three, two, one]
    assert ids(events=RARE, limit=2) == [three, two]
    assert ids(events=RARE, before=three) == [two, one]
    assert ids(events=RARE, before=two, limit=1) == [one]
    assert ids(events=[Event.PROFILE_CHANGED]) == ids(events=[]) == []
    assert len(ids()) == 4 and ids(before=two)[-1] == one


def test_an_entry_is_found_by_its_number_by_its_own_subject_only() -> None:
    mine, other = happened(ALICE, Event.SIGNED_IN), happened(BOB, Event.SIGNED_IN)
    found = trail.entry_of(ALICE, mine)
    assert found is not None and found.id == mine
    assert trail.entry_of(ALICE, other) is trail.entry_of(ALICE, other + 1) is None


# --- However long the history is ------------------------------------------------------------------


@pytest.fixture
def long_history() -> Iterator[None]:
    """Two sign-ins among as many failures as strangers liked; and many other people."""
    many(10_000, [f"somebody {number}" for number in range(97)], [Event.SIGN_IN_FAILED, *RARE])
    happened(ALICE, Event.SIGNED_IN)
    many(2_000, [ALICE], [Event.SIGN_IN_FAILED])
    many(10_000, [f"somebody {number}" for number in range(97)], [Event.SIGN_IN_FAILED, *RARE])
    happened(ALICE, Event.SIGNED_IN)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    yield


def plan_of(**asked: Any) -> str:
    """How the database finds the entries, with what it really did where it says so."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (ANALYZE)"
    with CaptureQueriesContext(connection) as captured:
        trail.page_of(ALICE, **asked)
    sql = next(query["sql"] for query in captured.captured_queries if "audit_entry" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_rare_kinds_are_found_by_their_index_past_many_others(long_history: None) -> None:
    # By its number: on PostgreSQL they go on where an earlier test ended.
    for asked in ({}, {"before": Entry.objects.latest("id").id}):
        plan = plan_of(events=RARE, **asked)
        assert plan.count("entry_subject_event") == len(RARE), plan
        assert "SCAN audit_entry" not in plan and "Seq Scan" not in plan, plan


def test_everything_is_read_in_the_order_of_its_index(long_history: None) -> None:
    # By its number: on PostgreSQL they go on where an earlier test ended.
    for asked in ({}, {"before": Entry.objects.latest("id").id}):
        plan = plan_of(**asked)
        assert "SCAN audit_entry" not in plan and "Seq Scan" not in plan, plan
        assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan


def test_no_more_rows_are_fetched_than_the_page_has(long_history: None) -> None:
    every = [Event.SIGN_IN_FAILED, *RARE]
    assert len(ids(events=every, limit=50)) == 50
    with CaptureQueriesContext(connection) as captured:
        trail.page_of(ALICE, events=every, limit=50)
    assert len(captured) == 2
