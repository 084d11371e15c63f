"""A head is told outside, whatever somebody wrote in its note; and notes of others stop nothing and are
seen."""

from __future__ import annotations

import importlib
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import trail
from audit.chain import linking, notes, seals, segments, verifying
from audit.chain.findings import Wrong
from audit.events import Event
from audit.keys import stored
from audit.models import Entry, Segment
from tests.audit.test_segments import (
    ALICE,
    OLD,
    bounds,
    close_all,
    days,
    found,
    pruned,
    tell_and_prune,
)
from tests.support.trail import append_only, unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]

MARKED = "The head of entries 3 to 4 was marked as told, and was not."
CHANGED = "The note of entries 7 to 7 was changed."


def run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def marked(days) -> None:
    """The second of three was marked as told by somebody: no guard is in the way of that."""
    close_all()
    run("UPDATE audit_segment SET told_at = %s WHERE first = 3", timezone.now())


def test_one_that_was_marked_as_told_is_found_and_told(marked, settings, tmp_path, caplog) -> None:
    settings.TRAIL_HEADS_FILE = str(tmp_path / "heads")
    assert found() == [(Wrong.SEGMENT_CHANGED, 3, 4)]
    with caplog.at_level(logging.CRITICAL, logger="audit.heads"):
        assert segments.tell(100) == 3
    assert [one.getMessage() for one in caplog.records] == [MARKED]
    assert (tmp_path / "heads").read_text().splitlines() == segments.lines()
    assert len(segments.lines()) == 3 and found() == []
    assert segments.tell(100) == 0


def test_one_that_was_marked_as_told_stays(marked) -> None:
    assert pruned(timezone.now()) == 0
    assert Entry.objects.filter(sequence__lte=6).count() == 6


def test_it_is_closed_once_though_it_was_marked(days) -> None:
    close_all()
    run("UPDATE audit_segment SET told_at = %s WHERE first = 5", timezone.now())
    assert close_all() == 0 and bounds() == [(1, 2), (3, 4), (5, 6)]


def test_a_told_head_that_the_file_lacks_is_named(days) -> None:
    close_all()
    segments.tell(100)
    heads = {one.last: one.seal for one in Segment.objects.all()}
    assert found_with(heads) == []
    assert found_with({place: heads[place] for place in (2, 6)}) == [(Wrong.NOT_TOLD, 3, 4)]
    assert found_with({2: heads[2]}) == [(Wrong.NOT_TOLD, 3, 4), (Wrong.NOT_TOLD, 5, 6)]
    assert found_with({6: heads[6]}) == []  # kept since then: it proves what is before it


def test_a_head_that_was_not_told_yet_is_missed_nowhere(days) -> None:
    segments.tell(100)
    heads = {one.last: one.seal for one in Segment.objects.all()}
    close_all()
    assert Segment.objects.filter(told_at=None).exists() and found_with(heads) == []


def found_with(heads: dict[int, str]) -> list[tuple[Wrong, int | None, int | None]]:
    return [(one.wrong, one.first, one.last) for one in verifying.verify(heads=heads).findings]


def make_up(first: int, last: int, **more: Any) -> None:
    times = dict.fromkeys(("began_at", "ended_at"), timezone.now())
    Segment.objects.create(
        **{"first": first, "last": last, "seal": "ab" * 32, "mac": "0" * 32, **times, **more}
    )


@pytest.mark.parametrize("made_up", [(7, 7), (7, 8), (1, 7), (7, 1_000_000), (2**40, 2**41)])
def test_one_that_was_made_up_keeps_ours_neither_from_being_closed_nor_told(days, made_up) -> None:
    close_all()
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    make_up(*made_up)
    days.forward(days=1)
    assert close_all() == 1
    ours = Segment.objects.exclude(mac="0" * 32).latest("last")
    assert (ours.first, ours.last) == (7, 7)
    assert segments.tell(100) == 4
    assert found() == [(Wrong.SEGMENT_CHANGED, *made_up)]
    assert tell_and_prune(timezone.now() - timedelta(days=1.5)) == 6
    linking.link()
    assert found() == [(Wrong.SEGMENT_CHANGED, *made_up)]


def test_one_that_was_made_up_fails_a_job_of_its_own(days, caplog) -> None:
    close_all()
    segments.examine(500)
    with CaptureQueriesContext(connection) as asked:  # one look: none is closed between two
        assert segments.examine(500) == 0
    assert len([one for one in asked if "mac" in one["sql"] and "audit_segment" in one["sql"]]) == 1
    assert not [one for one in asked if "COUNT(" in one["sql"]]
    make_up(7, 7)
    with caplog.at_level(logging.CRITICAL, logger="audit.heads"), pytest.raises(segments.NotOurs):
        segments.examine(500)
    assert [one.getMessage() for one in caplog.records] == [CHANGED]


def test_one_that_was_put_in_again_as_it_was_before_is_named_and_hides_nothing(days) -> None:
    names = ", ".join(field.column for field in Segment._meta.fields if field.column != "id")
    close_all()
    run(f"CREATE TEMPORARY TABLE kept AS SELECT {names} FROM audit_segment WHERE first = 1")  # noqa: S608 - ours
    assert tell_and_prune(timezone.now() - OLD) == 2
    run(f"INSERT INTO audit_segment ({names}) SELECT * FROM kept")  # noqa: S608 - our columns
    linking.link()
    assert found() == [(Wrong.SEGMENT_CHANGED, 1, 2)]
    assert verifying.verify().pruned == 2


# --- From before marks were signed ----------------------------------------------------------------


def test_notes_that_held_are_signed_anew_and_others_are_not(days) -> None:
    close_all()
    segments.tell(2)
    key = stored([seals.NAME])[seals.NAME]
    names = ("first", "last", "seal", "began_at", "ended_at", "told_at", "pruned_at", "mac")
    now = dict(Segment.objects.values_list("first", "mac"))
    with unguarded():
        for row in Segment.objects.values(*names):
            before, after = append_only.macs_of(key, row)
            assert after == row["mac"]  # it says what it said when it was written
            Segment.objects.filter(first=row["first"]).update(mac=before)
        Segment.objects.filter(first=3).update(mac="0" * 32)
        append_only.sign(apps, SimpleNamespace(connection=connection))
    assert dict(Segment.objects.values_list("first", "mac")) == now | {3: "0" * 32}
    assert found() == [(Wrong.SEGMENT_CHANGED, 3, 4)]


def test_whoever_goes_back_finds_the_notes_as_they_were(days) -> None:
    close_all()
    segments.tell(2)
    now = dict(Segment.objects.values_list("first", "mac"))
    editor = SimpleNamespace(connection=connection)
    with unguarded():
        append_only.unsign(apps, editor)
        before = dict(Segment.objects.values_list("first", "mac"))
        assert len(before) > 1 and not set(before.values()) & set(now.values())
        append_only.sign(apps, editor)
    assert dict(Segment.objects.values_list("first", "mac")) == now and found() == []


def test_a_mac_says_what_it_said() -> None:
    keys, now = seals.keys_of(bytes(range(32))), timezone.now()
    one = Segment(first=1, last=2, seal="ab" * 32, began_at=now, ended_at=now, told_at=now)
    names = ("first", "last", "seal", "began_at", "ended_at", "told_at", "pruned_at")
    row = {name: getattr(one, name) for name in names}
    assert append_only.macs_of(bytes(range(32)), row)[1] == notes.mac(keys, one)
    migration = importlib.import_module("audit.migrations.0011_segments_told")
    assert migration.macs_of(bytes(32), row)[0] != migration.macs_of(bytes(32), row)[1]
