"""The worker reads the whole trail from time to time, gently, and says what it found."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit import trail
from audit.chain import checking, linking, pages, segments, verifying
from audit.events import Event
from audit.models import Entry
from audit.watch import numbers, spans
from tests.audit.test_segments import ALICE, OLD, close_all, days
from tests.support.strange_rows import slip_in
from tests.support.trail import unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]

NEVER = "'infinity'" if connection.vendor == "postgresql" else "'zzz'"


@pytest.fixture
def three() -> None:
    for _ in range(3):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()


def at_once(seconds: float) -> None:
    assert seconds >= 0


def said() -> dict[str, Any]:
    return Entry.objects.filter(event=Event.TRAIL_VERIFIED).latest("id").facts


def test_a_trail_that_has_not_begun_is_not_read() -> None:
    assert not checking.is_due(timezone.now())


def test_it_is_due_once_in_so_many_days(three, settings) -> None:
    settings.POLICY_TRAIL_VERIFY_DAYS = 7
    assert checking.is_due(timezone.now())
    assert checking.run(at_once).found == 0
    assert said() == {"verified": 3, "found": 0}
    assert not checking.is_due(timezone.now() + timedelta(days=6.9))
    assert checking.is_due(timezone.now() + timedelta(days=7.1))


@pytest.mark.parametrize("at", ["CURRENT_TIMESTAMP", NEVER])
def test_an_entry_that_somebody_wrote_does_not_put_it_off(three, at) -> None:
    checking.run(at_once)
    later = timezone.now() + timedelta(days=8)
    with connection.cursor() as cursor:
        columns = [one.column for one in Entry._meta.fields if one.column not in ("id", "at")]
        names = ", ".join(columns)
        cursor.execute(
            f"INSERT INTO audit_entry ({names}, at) SELECT {names}, {at} FROM audit_entry"  # noqa: S608 - ours
            " WHERE sequence IS NULL"
        )
    assert checking.is_due(later)
    assert not checking.is_due(timezone.now())


def test_a_time_still_to_come_does_not_put_it_off(three, clock) -> None:
    checking.run(at_once)
    assert checking.is_due(timezone.now() - timedelta(days=1))


def test_what_is_wrong_is_said_on_the_dashboard_and_in_the_log(three, caplog) -> None:
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another' WHERE sequence = 2")
    with caplog.at_level(logging.CRITICAL, logger="audit.chain"):
        assert checking.run(at_once).found == 1
    assert said() == {"verified": 2, "found": 1}
    verified = numbers.gathered(spans.USUAL, timezone.now()).verified
    assert verified is not None and verified[1] == 1
    assert [one.getMessage() for one in caplog.records] == [
        "The trail does not hold: 1 found. `auth_events verify` names each."
    ]


@pytest.mark.parametrize("facts", ['{"found": 0}', "{}", "[1]", '{"found": "x"}', "7"])
def test_an_entry_that_somebody_wrote_says_nothing_on_the_dashboard(three, facts) -> None:
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another' WHERE sequence = 2")
    checking.run(at_once)
    with connection.cursor() as cursor:
        columns = [one.column for one in Entry._meta.fields if one.column not in ("id", "facts")]
        names = ", ".join(columns)
        cursor.execute(
            f"INSERT INTO audit_entry ({names}, facts) SELECT {names}, '{facts}' FROM audit_entry"  # noqa: S608 - ours
            " WHERE sequence IS NULL"
        )
    newest = checking.newest()
    assert newest is not None and newest[1] == 1


def test_a_copy_of_an_older_check_is_not_the_newest(three) -> None:
    checking.run(at_once)
    first = Entry.objects.latest("id").pk
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another' WHERE sequence = 2")
    checking.run(at_once)
    slip_in("mac", "mac", like=first)
    newest = checking.newest()
    assert newest is not None and newest[1] == 1


def test_it_rests_three_times_as_long_as_it_reads(three, monkeypatch) -> None:
    monkeypatch.setattr(pages, "CHUNK", 1)
    seconds = count(step=2)
    waited: list[float] = []
    checking.run(waited.append, monotonic=lambda: float(next(seconds)))
    assert waited == [6.0, 6.0, 6.0]


def test_whoever_has_to_stop_says_nothing(three) -> None:
    def stop(seconds: float) -> None:
        raise checking.Stopped

    with pytest.raises(checking.Stopped):
        checking.run(stop)
    assert not Entry.objects.filter(event=Event.TRAIL_VERIFIED).exists()


def test_what_is_pruned_while_it_reads_is_no_alarm(days, monkeypatch) -> None:
    monkeypatch.setattr(pages, "CHUNK", 1)
    close_all()
    segments.tell(100)
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()

    def prune(seconds: float) -> None:
        sum(segments.prune(timezone.now() - OLD + timedelta(days=1)))

    assert checking.run(prune).found == 0
    assert verifying.verify().pruned == 4
