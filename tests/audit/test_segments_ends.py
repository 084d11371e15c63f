"""A segment is as old as its ends prove, whatever somebody wrote there; and what is due costs the same
however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import trail
from audit.chain import ends, linking, segments, verifying
from audit.chain.findings import Wrong
from audit.events import Event
from audit.models import Entry, Segment
from tests.audit.test_segments import ALICE, bounds, close_all, days, pruned
from tests.support.strange_rows import WRITTEN, slip_in
from tests.support.trail import unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]

LONG_AGO = (
    "'2001-01-01 00:00:00+00'" if connection.vendor == "postgresql" else "'2001-01-01 00:00:00'"
)
NEVER = "'infinity'" if connection.vendor == "postgresql" else "'zzz'"


def happens(times: int = 2) -> None:
    for _ in range(times):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()


def newest() -> Segment:
    return Segment.objects.latest("last")


def is_now(at: datetime) -> bool:
    """A day and more lies behind everything else."""
    return timezone.now() - at < timedelta(hours=1)


def nothing_of_it_is_due() -> None:
    """All that is left is of the last days."""
    segments.tell(100)
    before = Entry.objects.count()
    assert pruned(timezone.now() - timedelta(days=90)) == 0
    assert Entry.objects.count() == before


def test_a_segment_has_the_times_of_its_ends(days) -> None:
    close_all()
    times = dict(Entry.objects.values_list("sequence", "at"))
    for one in Segment.objects.all():
        assert (one.began_at, one.ended_at) == (times[one.first], times[one.last])


@pytest.mark.parametrize("at", [LONG_AGO, NEVER])
def test_an_end_that_was_made_older_is_no_older_than_its_closing(days, at) -> None:
    close_all()
    happens()
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET at = {at} WHERE sequence IN (7, 8)")  # noqa: S608 - constants
    days.forward(days=1)
    assert close_all() and bounds()[-1][1] == 8
    assert is_now(newest().ended_at)
    assert Segment.objects.get(first=7).began_at == Segment.objects.get(last=6).ended_at
    nothing_of_it_is_due()


@pytest.mark.parametrize("column, value", [("at", LONG_AGO), ("at", NEVER), ("request_id", "'x'")])
def test_an_end_that_was_slipped_in_is_no_older_than_its_closing(days, column, value) -> None:
    close_all()
    happens(1)
    slip_in(column, value, like=Entry.objects.latest("sequence").id)
    linking.link()
    days.forward(days=1)
    assert close_all() and bounds()[-1][1] == 8
    assert is_now(newest().ended_at)
    nothing_of_it_is_due()


def test_a_true_entry_of_long_ago_that_was_slipped_in_again_is_none_of_ours(days) -> None:
    """Its mac holds; its seal says that it was a copy."""
    days.forward(days=200)
    happens(1)
    assert WRITTEN[-1] == "mac"
    slip_in("mac", "mac", like=Entry.objects.get(sequence=1).id)
    linking.link()
    days.forward(days=1)
    close_all()
    assert bounds() == [(1, 2), (3, 4), (5, 8)]
    assert is_now(newest().ended_at)
    segments.tell(100)
    assert pruned(timezone.now() - timedelta(days=90)) == 4


def keep_copy(place: int) -> None:
    """As somebody kept it who could read the table while the entry was there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE kept AS SELECT * FROM audit_entry WHERE sequence = %s", [place]
        )


def put_in_again() -> None:
    """No guard is in its way: an INSERT is all it takes."""
    columns = ", ".join(WRITTEN)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO audit_entry ({columns}) SELECT {columns} FROM kept")  # noqa: S608 - our columns


@pytest.mark.parametrize("place", [2, 6])
def test_a_true_entry_that_was_pruned_and_put_in_again_is_none_of_ours(days, caplog, place) -> None:
    """Its mac holds and it is nobody's copy any more. The days it was put into stay."""
    close_all()
    segments.tell(100)
    keep_copy(place)
    days.forward(days=200)
    assert pruned(timezone.now() - timedelta(days=90)) == 6
    happens(5)
    put_in_again()
    linking.link()
    assert "Entry 15 of the trail is older than what was pruned" in caplog.text
    assert [(one.wrong, one.first) for one in verifying.verify().findings] == [(Wrong.INSERTED, 15)]
    days.forward(days=1)
    assert close_all() and bounds()[-1] == (7, 15)
    assert is_now(newest().ended_at)
    nothing_of_it_is_due()


@pytest.mark.parametrize("year", [2001, 2999])
def test_an_entry_written_while_the_clock_was_wrong_makes_its_day_neither_older_nor_younger(
    days, year
) -> None:
    close_all()
    happens()
    before = timezone.now()
    with time_machine.travel(datetime(year, 1, 1, tzinfo=UTC)):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    assert verifying.verify().findings == []  # it is ours
    days.forward(days=1)
    assert close_all() and bounds()[-1][1] == 9
    for one in Segment.objects.filter(first__gte=7):
        assert before - timedelta(minutes=1) < one.ended_at <= timezone.now()
    nothing_of_it_is_due()


def test_a_segment_is_no_older_than_the_one_before_it(days) -> None:
    close_all()
    with time_machine.travel(datetime(2001, 1, 1, tzinfo=UTC)):
        happens(1)
    days.forward(days=1)
    assert close_all() and bounds()[-1] == (7, 7)
    assert newest().ended_at == Segment.objects.get(last=6).ended_at


@pytest.mark.parametrize("how", ["changed", "taken away"])
def test_where_one_between_its_ends_is_not_proved_it_is_no_older_than_its_closing(
    days, how
) -> None:
    close_all()
    happens(5)
    with unguarded() as sql:
        if how == "changed":
            sql(f"UPDATE audit_entry SET at = {LONG_AGO} WHERE sequence = 9")  # noqa: S608 - a constant
        else:
            sql("DELETE FROM audit_entry WHERE sequence = 9")
    days.forward(days=1)
    assert close_all() and is_now(newest().ended_at)


@pytest.mark.parametrize("page", [1, 2, 5])
def test_what_is_in_it_is_read_in_pages(days, monkeypatch, page) -> None:
    monkeypatch.setattr(ends, "CHUNK", page)
    close_all()
    happens(5)
    days.forward(days=1)
    close_all()
    assert newest().ended_at == Entry.objects.get(sequence=11).at


@pytest.mark.parametrize("at", ["'2999-01-01 00:00:00'", NEVER])
def test_a_beginning_that_is_of_the_future_keeps_no_head_from_being_told(days, at) -> None:
    close_all()
    slip_in("at", at, like=Entry.objects.get(sequence=1).id)
    happens()
    days.forward(days=1)
    close_all()
    assert bounds()[-1][1] == 9


def test_a_first_segment_without_any_true_end_began_when_it_ended(clock) -> None:
    happens(1)
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET at = {LONG_AGO}")  # noqa: S608 - a constant
    clock.forward(days=1)
    assert close_all() == 1
    assert newest().began_at == newest().ended_at and is_now(newest().ended_at)


def test_after_a_segment_that_was_pruned_ends_are_proved_by_its_seal(days) -> None:
    close_all()
    segments.tell(100)
    assert pruned(timezone.now()) == 6
    linking.link()  # that they were pruned
    days.forward(days=1)
    close_all()
    first = Entry.objects.get(sequence=7)
    assert newest().first == 7 and newest().began_at == first.at


def test_what_is_due_costs_the_same_however_many_there_are(days) -> None:
    def cost(before: datetime) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            due = segments.due(before)
        return len(due), len(captured)

    close_all()
    segments.tell(100)
    assert cost(datetime(2001, 1, 1, tzinfo=UTC)) == (0, 2)
    assert cost(Segment.objects.get(first=3).ended_at) == (1, 2)
    assert cost(timezone.now()) == (3, 2)
    next(segments.prune(timezone.now(), batch=1))  # begun, and not at its end
    assert cost(timezone.now()) == (3, 2)
    pruned(timezone.now())
    assert cost(timezone.now()) == (0, 2)
