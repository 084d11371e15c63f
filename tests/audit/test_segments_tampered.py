"""Segments that somebody else made, changed or took away are found."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from audit import trail
from audit.chain import linking, segments, verifying
from audit.chain.findings import Wrong
from audit.events import Event
from audit.models import Entry, Head, Segment
from tests.audit.test_segments import (
    ALICE,
    OLD,
    close_all,
    days,
    found,
    pruned,
    tell_and_prune,
)
from tests.support.trail import unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]


def test_a_hole_is_not_passed_off_as_pruned(days) -> None:
    close_all()
    Segment.objects.filter(first=3).update(pruned_at=timezone.now())
    rows = Entry.objects.filter(sequence__in=(3, 4))
    rows._raw_delete(rows.db)  # the guard lets them go: the note is all it asks for
    assert found() == [(Wrong.SEGMENT_CHANGED, 3, 4), (Wrong.REMOVED, 3, 4)]


def test_a_segment_that_was_made_up_is_found(days) -> None:
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence <= 4")
        sql("DELETE FROM audit_segment")
    seal = Entry.objects.get(sequence=5).seal
    Segment.objects.create(
        first=1,
        last=4,
        seal=seal or "",
        began_at=timezone.now(),
        ended_at=timezone.now(),
        pruned_at=timezone.now(),
        mac="0" * 32,
    )
    assert found() == [(Wrong.SEGMENT_CHANGED, 1, 4), (Wrong.REMOVED, 1, 4)]


def test_a_segment_that_was_made_older_is_found_and_not_pruned(days) -> None:
    close_all()
    segments.tell(100)
    with unguarded():
        Segment.objects.filter(first=3).update(ended_at=timezone.now() - 9 * OLD)
    assert pruned(timezone.now() - OLD) == 2  # the first, whose time it is
    assert (Wrong.SEGMENT_CHANGED, 3, 4) in found()
    assert Entry.objects.filter(sequence__in=(3, 4)).count() == 2


def test_a_segment_that_was_made_up_is_not_signed_by_pruning_it(days, caplog) -> None:
    """No guard is in its way: an INSERT is all it takes."""
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    close_all()
    segments.tell(100)
    seal = Entry.objects.get(sequence=7).seal or ""
    times = dict.fromkeys(("began_at", "ended_at", "told_at"), timezone.now() - 99 * OLD)
    Segment.objects.create(first=7, last=7, seal=seal, mac="0" * 32, **times)
    assert pruned(timezone.now() - 9 * OLD) == 0
    assert found() == [(Wrong.SEGMENT_CHANGED, 7, 7)]
    assert "The note of entries 7 to 7 was changed." in caplog.text


NO_TIME = {
    "postgresql": ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'2001-01-01'"],
    "sqlite": ["'no time'", "7", "x'ff'", "'2001-01-01 00:00:00'"],
}
MADE_UP = (
    "INSERT INTO audit_segment"
    " (first, last, seal, began_at, ended_at, closed_at, told_at, pruned_at, mac)"
    " VALUES ({first}, {last}, '{seal}', {at}, {at}, {at}, {told}, {pruned}, '{mac}')"
)


@pytest.mark.parametrize("told", ["NULL", "at"])
@pytest.mark.parametrize("pruned", ["NULL", "at"])
@pytest.mark.parametrize("at", NO_TIME[connection.vendor])
def test_one_that_was_made_up_of_any_time_stops_nothing_and_is_told_nowhere(
    days, settings, tmp_path, at, pruned, told
) -> None:
    settings.TRAIL_HEADS_FILE = str(tmp_path / "heads")
    said = {"told": at if told == "at" else told, "pruned": at if pruned == "at" else pruned}
    with connection.cursor() as cursor:
        sql = MADE_UP.format(first=900, last=999, seal="ab" * 32, at=at, mac="0" * 32, **said)
        cursor.execute(sql)
    assert close_all() == 1  # the third day, as if nothing had happened
    assert segments.tell(100) == 3
    told_outside = (tmp_path / "heads").read_text().splitlines()
    assert told_outside == segments.lines() and len(told_outside) == 3
    assert tell_and_prune(timezone.now() - OLD) == 2
    assert found()[0] == (Wrong.SEGMENT_CHANGED, 900, 999)


def test_a_segment_taken_away_after_its_entries_is_found(days) -> None:
    tell_and_prune(timezone.now() - OLD)
    with unguarded() as sql:
        sql("DELETE FROM audit_segment WHERE first = 1")
    assert (Wrong.REMOVED, 1, 2) in found()


def test_the_seal_of_a_pruned_segment_carries_what_follows(days) -> None:
    tell_and_prune(timezone.now() - OLD)
    told = {one.last: one.seal for one in Segment.objects.all()} | {2: "ab" * 32}
    wrongs = [(one.wrong, one.first) for one in verifying.verify(heads=told).findings]
    assert (Wrong.SEGMENT_CHANGED, 1) in wrongs


def test_a_head_outside_that_lies_ahead_says_that_the_end_was_cut_off(days) -> None:
    tell_and_prune(timezone.now())
    assert verifying.verify(heads={9: "ab" * 32}).findings[-1].wrong is Wrong.CUT_OFF
    assert Head.objects.get().sequence == 6


def test_the_letter_of_heads_holds_what_verify_asks_for(days, settings, mailoutbox) -> None:
    settings.TRAIL_HEADS_EMAIL = "auditor@example.org"
    close_all()
    segments.tell(100)
    (letter,) = mailoutbox
    assert letter.to == ["auditor@example.org"]
    for segment in Segment.objects.all():
        assert segments.line(segment) in letter.body
