"""Entries of the trail are heard of once, whoever wrote them and however many there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import trail
from audit.alerts import facts
from audit.alerts.keeping import look
from audit.events import Event
from audit.models import Alert, AlertCheck, Entry, HourCount
from tests.support.alerts import ADA, close, fails, looks, on_a_new_device, quiet_site
from tests.support.trail import unguarded
from tests.support.watching import ALICE, NOON, count, happens

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
State = Alert.State


@pytest.fixture(autouse=True)
def _quiet(settings) -> None:
    quiet_site(settings)


def nobody_is_staff(subjects: set[str]) -> set[str]:
    return set()


# --- each entry once --------------------------------------------------------------------------------


def test_the_first_look_begins_where_the_trail_ends():
    on_a_new_device()
    assert not looks().opened
    on_a_new_device()
    assert [one.about for one in looks(NOON + MINUTE).opened] == [ADA]


def test_an_entry_is_heard_of_once_and_another_one_is_news():
    looks()
    on_a_new_device()
    looks(NOON + MINUTE)
    Alert.objects.update(told_at=NOON, state=State.SEEN)
    looks(NOON + 2 * MINUTE)
    assert Alert.objects.get().times == 1
    on_a_new_device(NOON + 2 * MINUTE)
    looks(NOON + 3 * MINUTE)
    alert = Alert.objects.get()
    assert (alert.times, alert.state, alert.told_at) == (2, State.NEW, None)
    assert sum(alert.numbers["found"].values()) == 2


def test_an_event_after_it_was_closed_opens_anew():
    looks()
    on_a_new_device()
    looks(NOON + MINUTE)
    close(NOON + 2 * MINUTE)
    on_a_new_device(NOON + MINUTE)
    assert len(looks(NOON + 3 * MINUTE).opened) == 1


class Crash(Exception):
    """The machine goes down, say."""


def test_a_crash_on_the_way_loses_no_entry_and_tells_of_none_twice(monkeypatch):
    looks()
    on_a_new_device()

    def refuse(execute, sql, params, many, context):
        if sql.startswith('UPDATE "audit_alertcheck"'):
            raise Crash
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(Crash):
        looks(NOON + MINUTE)
    assert not Alert.objects.exists()
    looks(NOON + 2 * MINUTE)
    looks(NOON + 3 * MINUTE)
    assert Alert.objects.get().times == 1


def test_more_entries_than_one_look_takes_are_looked_at_by_the_next(monkeypatch):
    looks()
    for _ in range(3):
        on_a_new_device()
    monkeypatch.setattr(facts, "PLACES", 2)
    looks(NOON + MINUTE)
    assert Alert.objects.get().times == 2
    looks(NOON + 2 * MINUTE)
    assert Alert.objects.get().times == 3


def test_a_cursor_beyond_the_end_of_the_chain_is_alarming_once_and_silences_nothing():
    looks()
    on_a_new_device()
    looks(NOON + MINUTE)
    AlertCheck.objects.update(sequence=10**9)
    on_a_new_device(NOON + MINUTE, "max")
    assert [one.rule for one in looks(NOON + 2 * MINUTE).opened] == ["trail_wrong"]
    on_a_new_device(NOON + 2 * MINUTE, "eve")
    assert [one.about for one in looks(NOON + 3 * MINUTE).opened] == ["eve"]
    assert Alert.objects.get(rule="trail_wrong").times == 1


def test_an_entry_without_a_place_waits_for_it():
    looks()
    with time_machine.travel(NOON, tick=False):
        trail.record(Event.SIGNED_IN, subject=ADA, device="new")
    assert not looks(NOON + MINUTE).opened
    count()
    assert len(looks(NOON + 2 * MINUTE).opened) == 1


def test_a_look_without_keeping_says_what_it_would_open_and_keeps_nothing():
    fails(50)
    with time_machine.travel(NOON, tick=False):
        assert [one.rule for one in look(keep=False).opened] == ["failures_rise"]
    assert not Alert.objects.exists() and not AlertCheck.objects.exists()
    assert not Entry.objects.filter(event=Event.ALERT_OPENED).exists()


def test_an_entry_of_before_marks_were_told_is_heard_by_its_fields():
    looks()
    changed = {"subject": ADA, "fields": ["is_staff"], "reason": "ticket 4411"}
    happens(Event.STAFF_USER_CHANGED, marks_given=[], **changed)
    assert not looks(NOON + MINUTE).opened
    happens(Event.STAFF_USER_CHANGED, **changed)
    assert [one.rule for one in looks(NOON + 2 * MINUTE).opened] == ["staff_added"]


def test_who_was_staff_is_asked_of_the_entry_before_it_is_of_the_table(settings):
    looks()
    happens(Event.TWO_STEP_TURNED_OFF, subject=ADA, of_staff="no")
    assert not looks(NOON + MINUTE).opened
    settings.WATCH_STAFF = f"{__name__}.nobody_is_staff"
    happens(Event.TWO_STEP_TURNED_OFF, subject=ALICE)
    assert not looks(NOON + 2 * MINUTE).opened
    happens(Event.TWO_STEP_TURNED_OFF, subject=ADA, of_staff="yes")
    assert [one.about for one in looks(NOON + 3 * MINUTE).opened] == [ADA]


# --- the trail --------------------------------------------------------------------------------------


def test_a_network_against_many_accounts_is_known_by_its_digest(settings):
    settings.ALERTS = settings.ALERTS | {"accounts": 3, "networks": 3}
    for account in ("a", "b", "c"):
        happens(Event.SIGN_IN_FAILED, subject=account, ip="198.51.100.7", reason="wrong_password")
    (alert,) = looks().opened
    assert alert.about == trail.network_digest("198.51.100.0")
    assert alert.numbers["found"] == {"2026-11-25 12": 3}
    assert "198.51.100" not in repr(list(Alert.objects.values()))


def test_a_name_that_nobody_has_is_known_by_its_digest(settings):
    settings.ALERTS = settings.ALERTS | {"networks": 3}
    for number in range(3):
        happens(
            Event.SECOND_STEP_FAILED if number else Event.SIGN_IN_FAILED,
            subject=None,
            label="sam@example.org",
            ip=f"198.51.{number}.7",
            **(
                {"method": "app", "on_the_way": "sign_in"}
                if number
                else {"reason": "unknown_account"}
            ),
        )
    (alert,) = looks().opened
    assert alert.about == trail.identifier_digest("sam@example.org")
    assert "sam@" not in repr(list(Alert.objects.values()))


def test_tries_of_more_than_an_hour_ago_are_over(settings):
    settings.ALERTS = settings.ALERTS | {"accounts": 2}
    happens(Event.SIGN_IN_FAILED, NOON - HOUR, subject="a", reason="wrong_password")
    happens(Event.SIGN_IN_FAILED, NOON, subject="b", reason="wrong_password")
    assert not looks(NOON + MINUTE).opened
    happens(Event.SIGN_IN_FAILED, NOON + MINUTE, subject="c", reason="wrong_password")
    assert len(looks(NOON + HOUR).opened) == 1


STRANGE = [
    ("staff.user_changed", "<b>ada</b>\u202e", {"marks_given": "is_staff"}),
    ("staff.user_changed", ADA, {"marks_given": {"is_staff": ["is_staff"]}}),
    ("account.signed_in", ADA, {"device": ["new"], "marks_given": 7}),
    ("trail.verified", "", {"found": "<script>"}),
    ("trail.verified", "", {"found": {"a": 1}}),
    ("account.sign_in_failed", "", {"identifier": [1, 2]}),
    ("account.sign_in_failed", "x" * 64, [1, 2]),
    ("account.signed_in", "\u202e" * 64, None),
    ("staff.user_changed", "\u202eada", {"marks_given": ["is_staff"]}),
    ("account.signed_in", "\u202e" * 20, {"device": "new"}),
]


@pytest.mark.parametrize("event, subject, said", STRANGE)
def test_rows_from_outside_stop_no_look(event, subject, said):
    looks()
    with unguarded() as sql:
        sql(
            "INSERT INTO audit_entry (event, at, actor_id, subject_id, request_id, facts,"
            " personal_key, personal, ip_digest, network_digest, mac)"
            " VALUES (%s, %s, '', %s, '', %s, '', %s, '', 'net', %s)",
            event, connection.ops.adapt_datetimefield_value(NOON), subject, json.dumps(said),
            b"", b"",
        )  # fmt: skip
    count()
    looks(NOON + MINUTE)
    on_a_new_device(NOON + MINUTE)
    assert "staff_new_device" in [one.rule for one in looks(NOON + 2 * MINUTE).opened]
    for alert in Alert.objects.all():
        assert len(alert.about) <= 64 and "\u202e" not in alert.about


def test_what_a_look_costs_does_not_hang_on_how_much_there_is(settings):
    settings.ALERTS = settings.ALERTS | {"accounts": 10**6, "networks": 10**6}

    def cost(at: datetime) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert not looks(at).opened
        return len(asked)

    looks()
    fails(2)
    happens(Event.TRAIL_VERIFIED, verified=1, found=0)
    few = cost(NOON + MINUTE)
    for number in range(30):
        happens(
            Event.SIGN_IN_FAILED, NOON, subject=f"{number}", ip=f"10.0.{number}.1",
            reason="wrong_password",
        )  # fmt: skip
        happens(Event.TRAIL_VERIFIED, verified=1, found=0)
    assert cost(NOON + 2 * MINUTE) == few <= 18


def plans(ask: Callable[[], object], table: str) -> Iterator[str]:
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with CaptureQueriesContext(connection) as captured:
        ask()
    for query in captured.captured_queries:
        if f'FROM "{table}"' in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"{explain} {query['sql']}")
                yield "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_entries_and_counts_are_found_by_an_index():
    looks()
    with time_machine.travel(NOON, tick=False):
        Entry.objects.bulk_create(
            Entry(event=Event.SIGNED_OUT, at=NOON - timedelta(days=2)) for _ in range(8_000)
        )
        trail.record(Event.SIGN_IN_FAILED, subject=ALICE, reason="wrong_password")
    HourCount.objects.bulk_create(
        HourCount(hour=NOON - number * HOUR, event=Event.SIGNED_OUT, count=1)
        for number in range(3_000)
    )
    with unguarded() as sql:  # so that the planner knows what lies behind the cursor
        sql("UPDATE audit_entry SET sequence = id, seal = 'x' WHERE event = 'account.signed_out'")
    newest = Entry.objects.order_by("-sequence").exclude(sequence=None)[0].sequence
    AlertCheck.objects.update(sequence=newest - 5)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with time_machine.travel(NOON, tick=False):
        for table in ("audit_entry", "audit_hourcount", "audit_hourfailures"):
            found = list(plans(lambda: look(keep=False), table))
            assert found or table == "audit_hourfailures"
            for plan in found:
                assert "Seq Scan" not in plan and f"SCAN {table}" not in plan.replace("USING", "")
