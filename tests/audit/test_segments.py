"""Old entries go in whole stretches, whose heads were told outside first and stay."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import trail
from audit.chain import linking, segments, told, verifying
from audit.chain.findings import Wrong
from audit.events import Event
from audit.models import Entry, Segment
from tests.support.race import race
from tests.support.trail import append_only, unguarded

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
OLD = timedelta(days=2.5)  # the first of the three days is


@pytest.fixture
def days(clock: Any) -> Iterator[Any]:
    """Two entries on each of three days, chained; today is the fourth."""
    for _ in range(3):
        for _ in range(2):
            trail.record(Event.SIGNED_IN, subject=ALICE)
        linking.link()
        segments.close(1)
        clock.forward(days=1)
    yield clock


def close_all() -> int:
    return sum(iter(lambda: segments.close(1), 0))


def bounds() -> list[tuple[int, int]]:
    return list(Segment.objects.order_by("first").values_list("first", "last"))


def pruned(before: datetime) -> int:
    return sum(segments.prune(before, batch=1))


def found() -> list[tuple[Wrong, int | None, int | None]]:
    return [(one.wrong, one.first, one.last) for one in verifying.verify().findings]


def test_a_day_is_a_segment_when_it_is_over(days) -> None:
    close_all()
    assert bounds() == [(1, 2), (3, 4), (5, 6)]
    assert close_all() == 0
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    assert close_all() == 0  # of today
    assert Segment.objects.get(first=5).seal == Entry.objects.get(sequence=6).seal


def test_a_busy_day_is_several(days, monkeypatch) -> None:
    close_all()
    monkeypatch.setattr(segments, "MOST", 3)
    for _ in range(7):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    assert close_all() == 2
    assert bounds()[3:] == [(7, 9), (10, 12)]


def test_a_quiet_week_is_closed_as_one(days) -> None:
    close_all()
    trail.record(Event.SIGNED_IN, subject=ALICE)
    days.forward(days=7)
    linking.link()
    close_all()
    assert bounds()[-1] == (7, 7)


@pytest.mark.django_db(transaction=True)
def test_four_workers_close_it_once(clock) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    clock.forward(days=1)
    assert sum(race(lambda number: segments.close(1), 4)) == 1
    assert Segment.objects.count() == 1


@pytest.mark.parametrize("gone", [7, 8])
def test_an_entry_taken_away_at_its_bounds_keeps_no_head_from_being_told(days, gone) -> None:
    close_all()
    for _ in range(2):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence = %s", gone)
    days.forward(days=1)
    assert close_all() == 1
    assert bounds()[-1] == ((7, 8) if gone == 7 else (7, 7))
    assert any(wrong in (Wrong.REMOVED, Wrong.CUT_OFF) for wrong, _first, _last in found())


# --- Telling --------------------------------------------------------------------------------------


def test_heads_go_to_the_log_a_file_and_an_address_once(days, settings, tmp_path, caplog) -> None:
    settings.TRAIL_HEADS_FILE = str(tmp_path / "heads")
    settings.TRAIL_HEADS_EMAIL = "auditor@example.org"
    close_all()
    with caplog.at_level(logging.INFO, logger="audit.heads"):
        assert segments.tell(100) == 3
        assert segments.tell(100) == 0
    lines = [segments.line(one) for one in Segment.objects.order_by("first")]
    assert [record.getMessage() for record in caplog.records] == [
        f"Head of the trail: {line}" for line in lines
    ]
    kept = (tmp_path / "heads").read_text()
    assert kept.splitlines() == lines
    assert told.read(kept).heads == {one.last: one.seal for one in Segment.objects.all()}
    assert verifying.verify(heads=told.read(kept).heads).findings == []


def test_a_file_that_cannot_be_written_is_tried_again(days, settings, tmp_path) -> None:
    settings.TRAIL_HEADS_FILE = str(tmp_path / "missing" / "heads")
    close_all()
    with pytest.raises(OSError):
        segments.tell(100)
    assert not Segment.objects.exclude(told_at=None).exists()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "12",
        "12 abc",
        "-1 " + "a" * 64,
        "１ " + "a" * 64,
        "2 " + "g" * 64,
        "9" * 5000 + " " + "a" * 64,
    ],
)
def test_a_file_that_holds_no_heads_is_refused_with_its_line(text) -> None:
    with pytest.raises(ValueError, match="2"):
        told.read(f"1 {'a' * 64} 2026-01-01T00:00:00Z\n{text}\n")


# --- Pruning --------------------------------------------------------------------------------------


def tell_and_prune(before: datetime) -> int:
    close_all()
    segments.tell(100)
    return pruned(before)


def test_whole_old_segments_go_and_the_chain_holds(days) -> None:
    assert tell_and_prune(timezone.now() - OLD) == 2
    assert Entry.objects.filter(sequence__lte=2).count() == 0
    linking.link()
    result = verifying.verify()
    assert (result.pruned, result.verified, result.findings) == (2, 5, [])
    last = Entry.objects.latest("id")
    assert (last.event, last.facts) == ("trail.pruned", {"first": 1, "last": 2})


def test_all_of_it_may_be_old(days) -> None:
    assert tell_and_prune(timezone.now()) == 6
    result = verifying.verify()
    assert (result.pruned, result.verified, result.findings, result.waiting) == (6, 0, [], 3)
    assert result.sequence == 6
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    assert verifying.verify().findings == []


def test_what_was_not_told_outside_stays(days) -> None:
    close_all()
    assert pruned(timezone.now()) == 0


def test_an_interrupted_run_goes_on_and_the_chain_holds_meanwhile(days) -> None:
    close_all()
    segments.tell(100)
    run = segments.prune(timezone.now() - OLD, batch=1)
    assert next(run) == 1
    run.close()
    assert Entry.objects.filter(sequence__lte=2).count() == 1
    assert verifying.verify().findings == []
    assert pruned(timezone.now() - OLD) == 1
    assert Entry.objects.filter(event="trail.pruned").count() == 1


def test_the_worker_takes_away_what_is_older_than_its_days(days, settings) -> None:
    settings.POLICY_TRAIL_DAYS = 90
    close_all()
    segments.tell(100)
    assert segments.prune_due(500) == 0
    days.forward(days=89)
    assert segments.prune_due(500) == 2


@pytest.mark.parametrize("place", [1, 3, 6])
def test_the_database_refuses_to_delete_what_is_not_pruned(days, place) -> None:
    close_all()
    with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
        rows = Entry.objects.filter(sequence=place)
        rows._raw_delete(rows.db)


@pytest.mark.parametrize(
    "change",
    [
        {"first": 100},
        {"last": 200},
        {"seal": "another"},
        {"ended_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_database_refuses_to_change_a_segment(days, change) -> None:
    close_all()
    with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
        Segment.objects.filter(first=1).update(**change)


def test_the_database_refuses_to_delete_a_segment_or_to_take_back_its_pruning(days) -> None:
    tell_and_prune(timezone.now() - OLD)
    with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
        Segment.objects.filter(first=3)._raw_delete("default")
    for column in ("pruned_at", "told_at"):
        with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
            Segment.objects.filter(first=1).update(**{column: None})
