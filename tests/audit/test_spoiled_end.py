"""What somebody wrote into the note of the chain's end keeps no part of the site from its work."""

from __future__ import annotations

import logging

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit import trail
from audit.alerts import keeping
from audit.chain import ending, linking, segments, verifying
from audit.chain.findings import Wrong
from audit.chain.remembering import End
from audit.events import Event
from audit.models import AlertCheck, Entry, Segment
from tests.support.trail import unguarded

NO_SUCH_TEXT = "PostgreSQL refuses such values in a column of that type."
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason=NO_SUCH_TEXT),
]

ALICE = "11111111-1111-4111-8111-111111111111"
NO_TEXT = pytest.mark.parametrize("value", ["x'00'", "CAST(x'ff' AS TEXT)", "'abc'"])


@pytest.fixture(autouse=True)
def three() -> None:
    for _ in range(3):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()


def spoil(column: str, value: str) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_head SET {column} = {value}")  # noqa: S608 - ours


@NO_TEXT
def test_behind_a_spoiled_seal_the_chain_goes_on_and_it_is_named(value) -> None:
    spoil("seal", value)
    trail.record(Event.SIGNED_IN, subject=ALICE)
    assert linking.link() == 1
    assert [(one.wrong, one.first) for one in verifying.verify().findings] == [
        (Wrong.SEAL_CHANGED, 4)
    ]


@NO_TEXT
def test_nothing_is_placed_behind_what_is_no_place(value) -> None:
    spoil("sequence", value)
    trail.record(Event.SIGNED_IN, subject=ALICE)
    with pytest.raises(ValueError), transaction.atomic():
        linking.link()
    assert Entry.objects.filter(sequence=None).count() == 1
    assert segments.close(1) == 0 and not Segment.objects.exists()


@NO_TEXT
@pytest.mark.parametrize("column", ["seal", "sequence"])
def test_workers_that_saw_it_say_so(column, value, caplog) -> None:
    end = End()
    end.look()
    spoil(column, value)
    with caplog.at_level(logging.CRITICAL, logger="audit.chain"):
        end.look()
    assert "The end of the trail went back: it was 3 " in caplog.text


@NO_TEXT
@pytest.mark.parametrize("column", ["seal", "sequence"])
@pytest.mark.parametrize("is_first", [True, False])
def test_rules_look_all_the_same(column, value, is_first, clock) -> None:
    if not is_first:
        keeping.look()
        clock.forward(minutes=2)
    spoil(column, value)
    since = timezone.now()
    keeping.look()
    checked_at = AlertCheck.objects.get().checked_at
    assert checked_at and checked_at >= since


def test_where_there_is_none_it_is_made() -> None:
    with unguarded() as sql:
        sql("DELETE FROM audit_head")
    assert (ending.kept().sequence, ending.kept().seal) == (0, "")
    with transaction.atomic():
        assert ending.locked().sequence == 0
