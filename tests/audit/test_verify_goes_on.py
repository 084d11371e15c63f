"""No row that somebody spoiled keeps `verify`, or the worker's check, from saying what it finds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection

from audit import keys, trail
from audit.chain import checking, linking, segments, standing, verifying
from audit.chain.findings import Finding, Result, Wrong
from audit.events import Event
from audit.models import Entry, Segment, SubjectKey
from tests.audit.test_segments import close_all, days
from tests.support import commands
from tests.support.strange_rows import slip_in
from tests.support.trail import request_from, unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]

ALICE = "11111111-1111-4111-8111-111111111111"
ON_SQLITE = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL refuses such values in a column of that type."
)
NO_TEXTS = ["x'00'", "CAST(x'ff' AS TEXT)", "7"]
NO_TEXT = pytest.mark.parametrize("value", NO_TEXTS)
JUNK = (
    "INSERT INTO audit_subjectkey (subject_id, key, forgotten, created_at)"
    " VALUES ({name}, {key}, {forgotten}, '2026-01-01 00:00:00+00')"
)


@pytest.fixture
def three() -> None:
    for _ in range(3):
        trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), method="password")
    linking.link()


def found() -> list[Finding]:
    """And that the command and the worker's check find as much."""
    findings = verifying.verify().findings
    assert commands.run("auth_events", "verify")[1] == (3 if findings else 0)
    assert checking.run(lambda seconds: None).found == len(findings)
    return findings


def put_in(name: str = "'x'", key: str = "''", forgotten: str = "''") -> None:
    with connection.cursor() as cursor:
        cursor.execute(JUNK.format(name=name, key=key, forgotten=forgotten))


@pytest.mark.parametrize("forgotten", ["'é'", "''", "'" + "0" * 32 + "'"])
def test_a_key_that_somebody_put_in_is_named(three, forgotten) -> None:
    put_in(forgotten=forgotten)
    assert found() == [Finding(Wrong.KEY_DROPPED, name="x")]


def test_its_name_writes_no_lines_of_the_report(three) -> None:
    put_in(name="'x\n9 entries hold.'")
    assert found() == [Finding(Wrong.KEY_DROPPED, name="'x\\n9 entries hold.'")]


@ON_SQLITE
@NO_TEXT
@pytest.mark.parametrize("column", ["key", "forgotten"])
def test_a_column_of_a_key_that_is_no_text_is_named(three, column, value) -> None:
    put_in(**{column: value})
    assert found() == [Finding(Wrong.KEY_DROPPED, name="x")]


@ON_SQLITE
@pytest.mark.parametrize(
    "value, said", [("x'00'", "no text"), ("CAST(x'ff' AS TEXT)", "\\xff"), ("7", "7")]
)
def test_a_name_that_is_no_text_is_named(three, value, said) -> None:
    put_in(name=value)
    assert found() == [Finding(Wrong.KEY_DROPPED, name=said)]


@ON_SQLITE
@NO_TEXT
def test_a_persons_key_that_is_no_text_does_not_open(three, value) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_subjectkey SET key = {value} WHERE subject_id = %s", ALICE)  # noqa: S608 - ours
    assert keys.readable([ALICE]) == {ALICE: keys.FORGOTTEN}
    assert found() == [Finding(Wrong.KEY_DROPPED, name=ALICE)]


@ON_SQLITE
@NO_TEXT
def test_a_months_key_that_is_no_text_hides_no_other(three, value) -> None:
    kept = keys.months_kept()
    put_in(name="'month-2020-01'", key=value)
    put_in(name="CAST(x'6d6f6e74682dff' AS TEXT)", key="'x'")
    assert keys.months_kept() == kept


@ON_SQLITE
@NO_TEXT
def test_the_key_of_the_chain_that_is_no_text_is_lost(three, value) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_subjectkey SET key = {value} WHERE subject_id = 'chain'")  # noqa: S608 - ours
    assert verifying.verify().findings == [Finding(Wrong.KEY_LOST)]
    assert commands.run("auth_events", "verify")[1] == 3


@ON_SQLITE
@NO_TEXT
def test_an_entry_whose_key_has_no_name_is_named(three, value) -> None:
    slip_in("personal_key", value, like=Entry.objects.latest("id").pk)
    linking.link()
    assert [(one.wrong, one.first) for one in found()] == [(Wrong.INSERTED, 4)]


@ON_SQLITE
@NO_TEXT
def test_a_seal_that_is_no_text_is_named(three, value) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET seal = {value} WHERE sequence = 2")  # noqa: S608 - ours
    assert [(one.wrong, one.first) for one in found()] == [(Wrong.SEAL_CHANGED, 2)]
    assert standing.of(Entry.objects.get(sequence=3)).is_ours is True  # nothing says otherwise
    assert [segments.close(1), Segment.objects.count()] == [0, 0]


@ON_SQLITE
@pytest.mark.parametrize("value", ["x'00'", "CAST(x'ff' AS TEXT)", "2.5"])
def test_a_place_that_is_none_is_named(three, value) -> None:
    number = Entry.objects.get(sequence=2).pk
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET sequence = {value} WHERE sequence = 2")  # noqa: S608 - ours
    assert found() == [Finding(Wrong.REMOVED, 2, 2), Finding(Wrong.INSERTED, id=number)]


@ON_SQLITE
@pytest.mark.parametrize("spoiled", ["seal", "sequence"])
@pytest.mark.parametrize("value", ["x'00'", "CAST(x'ff' AS TEXT)"])
def test_a_note_of_the_end_that_is_none_is_named(three, spoiled, value) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_head SET {spoiled} = {value}")  # noqa: S608 - ours
    wrongs = {one.wrong for one in verifying.verify().findings}
    assert wrongs & {Wrong.HEAD_CHANGED, Wrong.REWRITTEN} and Wrong.NOT_READ not in wrongs
    assert commands.run("auth_events", "verify")[1] == 3


@ON_SQLITE
@NO_TEXT
@pytest.mark.parametrize("spoiled", ["seal", "mac"])
def test_a_note_of_a_stretch_that_is_none_is_named(days, spoiled, value) -> None:
    close_all()
    first = Segment.objects.order_by("first")[0]
    with unguarded() as sql:
        sql(f"UPDATE audit_segment SET {spoiled} = {value} WHERE id = %s", first.pk)  # noqa: S608 - ours
    assert found() == [Finding(Wrong.SEGMENT_CHANGED, first.first, first.last)]


@ON_SQLITE
def test_a_stretch_without_bounds_is_named(days) -> None:
    """An INSERT is all it takes."""
    close_all()
    columns = [
        one.column for one in Segment._meta.fields if one.column not in ("id", "first", "last")
    ]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_segment (first, last, {names})"  # noqa: S608 - ours
            f" SELECT CAST(x'ff' AS TEXT), x'ff', {names} FROM audit_segment LIMIT 1"
        )
    assert found() == [Finding(Wrong.SEGMENT_CHANGED)]


# --- What breaks all the same ---------------------------------------------------------------------


def breaks(part: str, error: Exception) -> Callable[..., Any]:
    """The database, over statements that ask for `part`."""

    def execute(plain: Any, sql: str, *rest: Any) -> Any:
        if part in sql:
            raise error
        return plain(sql, *rest)

    return execute


@pytest.mark.parametrize(
    "part, name",
    [
        ("AND sequence > %s ORDER BY sequence", "the chain"),
        ("sequence IS NOT NULL AND NOT", "what stands at no place"),
        ("sequence IS NULL AND id >", "what has no place yet"),
        ('ORDER BY "audit_subjectkey"', "the keys"),
    ],
)
def test_what_else_was_found_is_said_where_a_part_breaks(three, caplog, part, name) -> None:
    SubjectKey.objects.filter(pk=ALICE).update(key="")
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another' WHERE sequence = 2")
    whole = verifying.verify().findings
    assert len(whole) == 2
    with connection.execute_wrapper(breaks(part, DataError())):
        findings = verifying.verify().findings
        said, code = commands.run("auth_events", "verify")
        with caplog.at_level(logging.CRITICAL, logger="audit.chain"):
            checking.run(lambda seconds: None)
    assert Finding(Wrong.NOT_READ, name=name) in findings
    assert set(whole) & set(findings) and code == 3
    assert f"Of the trail {name} could not be read to its end" in said
    facts = Entry.objects.filter(event=Event.TRAIL_VERIFIED).latest("id").facts
    assert facts["found"] == len(findings)
    assert f"does not hold: {len(findings)} found" in caplog.text


def test_a_database_that_is_away_says_nothing_of_the_trail(three) -> None:
    with (
        connection.execute_wrapper(breaks("audit_subjectkey", OperationalError("away"))),
        pytest.raises(OperationalError),
    ):
        verifying.verify()
    result = Result()
    with pytest.raises(OperationalError), result.reading("the keys"):
        raise OperationalError("the database is locked")
    assert not result.found


@ON_SQLITE
def test_a_text_that_does_not_come_is_a_finding() -> None:
    result = Result()
    with result.reading("the keys"), connection.cursor() as cursor:
        cursor.execute("SELECT CAST(x'ff' AS TEXT)")
        cursor.fetchall()
    assert result.findings == [Finding(Wrong.NOT_READ, name="the keys")]
