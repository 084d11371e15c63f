"""An entry has the place that the worker gave it, the next one, or is named: at place 0, or where
something was pruned, it would be in no chain."""

from __future__ import annotations

import importlib
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.chain import linking, notes, seals, segments, standing, verifying
from audit.chain.findings import Finding, Wrong
from audit.models import Entry, Head, Segment
from tests.audit.test_segments import OLD, close_all, days, found, tell_and_prune
from tests.audit.test_strange_rows import happens
from tests.audit.test_tampering import insert_copy
from tests.support.trail import append_only, unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]

LITE = connection.vendor == "sqlite"
NONE_THERE = ["0"] if not LITE else ["0", "'abc'", "2.5", "9.5", "x'00'"]
NO_MAC = "x'00'" if LITE else "'\\x00'::bytea"


def run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def refused(statement: str, *values: Any) -> bool:
    try:
        with transaction.atomic():
            run(statement, *values)
    except IntegrityError as error:
        return append_only.REFUSAL in str(error)
    return False


@pytest.fixture
def three() -> list[int]:
    """The numbers of three entries with places."""
    ids = [happens() for _ in range(3)]
    linking.link()
    return ids


def slipped_in(place: str, **columns: str) -> int:
    """A copy of the entry at place 2 by whoever could take the guards off, and the constraint."""
    with unguarded() as sql:
        if not LITE:
            sql("ALTER TABLE audit_entry DROP CONSTRAINT entry_place")
        insert_copy(sql, 2, sequence=place, **columns)
    return Entry.objects.values_list("id", flat=True).latest("id")


# --- What is found --------------------------------------------------------------------------------


@pytest.mark.parametrize("mac", ["mac", NO_MAC])
@pytest.mark.parametrize("place", NONE_THERE)
def test_an_entry_at_no_place_is_named_and_no_other_blamed(three, place, mac) -> None:
    strange = slipped_in(place, mac=mac)
    happens()
    assert linking.link() == 1
    result = verifying.verify()
    named = 0 if place == "0" else None
    assert result.findings == [Finding(Wrong.INSERTED, named, named, strange)]
    assert result.verified == 4
    assert standing.of(Entry.objects.get(pk=strange)).is_ours is False


@pytest.mark.parametrize("place", NONE_THERE)
def test_an_entry_at_no_place_keeps_no_head_from_being_told(three, clock, place) -> None:
    slipped_in(place)
    clock.forward(days=1)
    assert close_all() == 1
    assert (Segment.objects.get().last, segments.tell(9)) == (3, 1)


@pytest.mark.parametrize("mac", ["mac", NO_MAC])
@pytest.mark.parametrize("place", [3, 4])
def test_an_entry_put_where_something_was_pruned_is_named(days, place, mac) -> None:
    assert tell_and_prune(timezone.now() - timedelta(days=1.5)) == 4
    linking.link()
    assert found() == []
    with unguarded() as sql:
        insert_copy(sql, 5, sequence=str(place), mac=mac)
    strange = Entry.objects.get(sequence=place)
    assert found() == [(Wrong.INSERTED, place, place)]
    assert standing.of(strange).is_ours is False


@pytest.mark.parametrize("left", [1, 2, 3])
def test_what_an_interrupted_run_left_hangs_together_and_what_was_put_there_does_not(
    clock, left
) -> None:
    for _ in range(4):
        happens()
    linking.link()
    clock.forward(days=1)
    close_all()
    segments.tell(9)
    run = segments.prune(timezone.now(), batch=1)
    for _ in range(4 - left):
        next(run)
    run.close()
    linking.link()
    assert found() == []
    assert all(standing.of(one).is_ours for one in Entry.objects.all())
    with unguarded() as sql:
        insert_copy(sql, 5, sequence=str(left + 1), seal=f"'{'ab' * 32}'")
    assert found() == [(Wrong.INSERTED, left + 1, left + 1)]
    assert standing.of(Entry.objects.get(sequence=left + 1)).is_ours is False


def test_a_hole_before_what_was_pruned_is_named(days) -> None:
    close_all()
    segments.tell(100)
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence = 2")
        first = Segment.objects.get(first=1)
        first.told_at = None  # as if it had not been told, so that it stays
        signed = notes.mac(seals.keys_of(seals.obtained_key()), first)
        Segment.objects.filter(first=1).update(told_at=None, mac=signed)
    assert sum(segments.prune(timezone.now() - timedelta(days=1.5))) == 2
    linking.link()
    assert found() == [(Wrong.REMOVED, 2, 2)]


def test_a_copy_is_not_called_ours_on_its_own_page(three) -> None:
    insert_copy(run, 2, sequence="NULL", seal="NULL")
    linking.link()
    copy = Entry.objects.get(sequence=4)
    assert standing.of(copy).is_ours is False
    assert standing.of(Entry.objects.get(sequence=2)).is_ours is True


# --- What the database refuses --------------------------------------------------------------------


@pytest.mark.parametrize("place", [*NONE_THERE, "-1", "2", "3", "5", "1000"])
def test_an_entry_gets_no_place_but_the_next_one(three, place) -> None:
    happens()
    with pytest.raises(IntegrityError), transaction.atomic():
        run(f"UPDATE audit_entry SET sequence = {place}, seal = 'x' WHERE sequence IS NULL")  # noqa: S608 - ours
    assert linking.link() == 1


def test_an_entry_gets_no_place_where_something_was_pruned(days) -> None:
    tell_and_prune(timezone.now() - OLD)
    assert refused("UPDATE audit_entry SET sequence = 2, seal = 'x' WHERE sequence IS NULL")


@pytest.mark.parametrize("place", ["0", "4", "1000"])
def test_an_entry_is_not_written_with_a_place(three, place) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_copy(run, 2, sequence=place)
    assert Entry.objects.count() == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_head SET sequence = 2",
        "UPDATE audit_head SET sequence = 0, seal = ''",
        "UPDATE audit_head SET sequence = 4",
        "UPDATE audit_head SET seal = 'another'",
        "DELETE FROM audit_head",
    ],
)
def test_the_note_of_the_end_goes_forward_alone(three, statement) -> None:
    assert refused(statement)
    assert refused(
        "REPLACE INTO audit_head SELECT * FROM audit_head" if LITE else "TRUNCATE audit_head"
    )
    assert Head.objects.get().sequence == 3


def test_places_begin_at_one_whatever_became_of_the_guards(three) -> None:
    if LITE:  # its guards say it alone: with them gone nothing is left to ask
        assert refused("UPDATE audit_entry SET sequence = 0 WHERE sequence = 3")
        return
    with unguarded(), pytest.raises(IntegrityError), transaction.atomic():
        run("UPDATE audit_entry SET sequence = 0 WHERE sequence = 3")
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'entry_place'")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("below", [True, False])
def test_an_entry_at_no_place_keeps_nobody_from_the_next_version(three, below) -> None:
    """Nobody could take it away, and `verify` is to name it."""
    places, validated = (
        importlib.import_module(f"audit.migrations.{name}")
        for name in ("0009_entry_places", "0010_places_validated")
    )
    with unguarded() as sql:
        if not LITE:
            sql("ALTER TABLE audit_entry DROP CONSTRAINT entry_place")
        if below:
            insert_copy(sql, 2, sequence="0")
        editor = SimpleNamespace(connection=connection, execute=sql)
        places.add(None, editor)
        validated.validate(None, editor)
    assert [one.wrong for one in verifying.verify().findings] == [Wrong.INSERTED] * below
    if LITE:  # it has no constraint to validate
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'entry_place'")
        assert cursor.fetchone() == (not below,)
    assert refused("INSERT INTO audit_entry SELECT * FROM audit_entry")
