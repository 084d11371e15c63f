"""What is counted for the dashboard, against trails that are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from audit import trail
from audit.events import Event
from audit.models import DailyFailures, HourCount, HourFailures
from audit.watch import failures, measures, spans, tables
from audit.watch.measures import MEASURES
from audit.watch.numbers import gathered
from tests.support.watching import ALICE, NOON, happens

pytestmark = pytest.mark.django_db

WEEK = spans.KINDS["7d"]
HOUR = NOON.replace(minute=0)


# --- spans ----------------------------------------------------------------------------------------


def test_a_day_is_24_hours_that_end_with_this_one() -> None:
    span = spans.at(spans.KINDS["24h"], NOON)
    assert (span.pieces[0], span.pieces[-1]) == ("2026-11-24 13", "2026-11-25 12")
    assert len(span.pieces) == 24


@pytest.mark.parametrize("name, days", [("7d", 7), ("30d", 30), ("90d", 90)])
def test_longer_ones_are_days_that_end_with_today(name: str, days: int) -> None:
    span = spans.at(spans.KINDS[name], NOON)
    assert len(span.pieces) == days and span.pieces[-1] == "2026-11-25"
    # As much of the period before as has passed of this one.
    assert span.before.ends == datetime(2026, 11, 25, 13, tzinfo=UTC) - timedelta(days=days)
    assert span.before.begins == span.begins - timedelta(days=days)


# --- measures -------------------------------------------------------------------------------------


def test_each_piece_has_what_happened_in_it() -> None:
    happens(Event.SIGNED_IN, times=3, method="password", second="app")
    happens(Event.SIGNED_IN, NOON - timedelta(days=6), method="passkey")
    happens(Event.SIGNED_IN, NOON - timedelta(days=7), method="password")
    happens(Event.SIGN_IN_FAILED, reason="wrong_password")
    counts = gathered(WEEK, NOON).counts
    assert counts["signed_in"] == [1, 0, 0, 0, 0, 0, 3]
    assert counts["by_password"] == [0, 0, 0, 0, 0, 0, 3]
    assert counts["by_passkey"] == [1, 0, 0, 0, 0, 0, 0]
    assert counts["wrong_password"] == counts["failed"] == [0, 0, 0, 0, 0, 0, 1]
    by_hour = gathered(spans.KINDS["24h"], NOON).counts["signed_in"]
    assert by_hour == [0] * 23 + [3]


def test_the_period_before_ends_at_this_hour_of_its_day() -> None:
    happens(Event.SIGNED_IN, NOON - timedelta(days=7))
    happens(Event.SIGNED_IN, NOON - timedelta(days=7) + timedelta(hours=1))
    assert gathered(WEEK, NOON).before["signed_in"] == 1
    assert sum(gathered(WEEK, NOON).counts["signed_in"]) == 0


MEASURED = [
    (Event.SIGNED_IN, {"method": "code"}, {"signed_in", "by_code", "entered_email"}),
    (
        Event.SIGNED_IN,
        {"method": "password", "second": "texted_code"},
        {"signed_in", "by_password", "entered_text"},
    ),
    (
        Event.SIGNED_IN,
        {"method": "password", "second": "passkey"},
        {"signed_in", "by_password", "passkeys_used"},
    ),
    (Event.SIGNED_IN, {"method": "passkey"}, {"signed_in", "by_passkey", "passkeys_used"}),
    (Event.SIGNED_IN, {"method": "provider"}, {"signed_in", "by_provider"}),
    (Event.SIGNED_IN, {}, {"signed_in", "first_sign_ins"}),
    (Event.SIGN_IN_FAILED, {"reason": "unknown_account"}, {"failed", "unknown_account"}),
    (Event.SIGN_IN_FAILED, {"reason": "frozen"}, {"failed", "switched_off"}),
    (
        Event.SIGN_IN_FAILED,
        {"reason": "wrong_passkey"},
        {"failed", "wrong_code", "passkeys_failed"},
    ),
    (
        Event.SECOND_STEP_FAILED,
        {"method": "app", "on_the_way": "sign_in"},
        {"failed", "wrong_code"},
    ),
    (
        Event.SECOND_STEP_FAILED,
        {"method": "security_key", "on_the_way": "sign_in"},
        {"failed", "wrong_code", "passkeys_failed"},
    ),
    (Event.LIMIT_REACHED, {"budget": "strangers"}, {"throttled"}),
    (Event.SIGNUP_STARTED, {}, {"signups_started"}),
    (Event.SIGNUP_CONFIRMED, {}, {"signups_confirmed"}),
    (Event.TWO_STEP_TURNED_ON, {}, {"two_step_on"}),
    (Event.FACTOR_ADDED, {"factor": "passkey"}, {"passkeys_created"}),
    (Event.FACTOR_ADDED, {"factor": "mailed_code"}, {"entered_email"}),
    (Event.CODE_SENT, {"channel": "text", "purpose": "phone"}, {"sent_text"}),
    (Event.CODE_SENT, {"channel": "email", "purpose": "confirm"}, {"sent_email"}),
    (Event.SIGN_IN_CODE_REQUESTED, {}, {"sent_email"}),
    (Event.SIGN_IN_CODE_REQUESTED, {"subject": None}, set()),
    (Event.RECOVERY_REQUESTED, {"days": 3}, {"entered_email"}),
    (Event.PASSWORD_RESET_REQUESTED, {}, {"resets_asked"}),
    (Event.PASSWORD_RESET_REQUESTED, {"by": "text"}, {"resets_asked", "sent_text"}),
    (Event.PASSWORD_RESET_REQUESTED, {"by": "text", "subject": None}, {"resets_asked"}),
    (Event.PASSWORD_RESET_FINISHED, {}, {"resets_finished"}),
    (Event.PASSWORD_RESET_FINISHED, {"by": "text"}, {"resets_finished", "entered_text"}),
    (Event.PASSWORD_HASH_UPGRADED, {"former": "pbkdf2_sha256"}, {"hashes_moved"}),
    (Event.SIGNED_OUT, {}, set()),
]


@pytest.mark.parametrize("event, facts, expected", MEASURED)
def test_an_event_counts_under_these_names(event: Event, facts: dict, expected: set) -> None:
    happens(event, **facts)
    counts = measures.measured(spans.at(WEEK, NOON))
    assert {name for name, values in counts.items() if sum(values)} == expected
    assert {name: values[-1] for name, values in counts.items()} == {
        name: int(name in expected) for name in MEASURES
    }


def test_counts_from_before_a_detail_was_kept_are_not_lost() -> None:
    HourCount.objects.create(hour=NOON, event=Event.SIGNED_IN, detail="password", count=5)
    HourCount.objects.create(hour=NOON, event=Event.PASSWORD_RESET_REQUESTED, count=2)
    found = gathered(WEEK, NOON)
    assert found.total("by_password") == 5 and found.total("resets_asked") == 2


# --- a day and its usual ---------------------------------------------------------------------------


def test_usual_is_in_the_middle_of_the_last_four_same_weekdays() -> None:
    for weeks, count in ((1, 10), (2, 20), (3, 40), (4, 1000), (5, 9999)):
        HourCount.objects.create(
            hour=NOON.replace(minute=0) - timedelta(weeks=weeks), event=Event.SIGNED_IN, count=count
        )
    HourCount.objects.create(hour=NOON.replace(minute=0), event=Event.SIGNED_IN, count=7)
    yesterday = NOON.replace(minute=0) - timedelta(days=1)
    HourCount.objects.create(hour=yesterday, event=Event.SIGNED_IN, count=500)
    found = gathered(WEEK, NOON)
    assert found.today[12] == sum(found.today) == 7
    assert found.usual[12] == sum(found.usual) == 30.0


# --- where it fails -------------------------------------------------------------------------------


def test_networks_are_listed_by_failures_with_what_they_are_called() -> None:
    happens(Event.SIGN_IN_FAILED, times=3, reason="wrong_password", ip="198.51.100.9")
    happens(Event.SIGN_IN_FAILED, times=1, reason="wrong_password", ip="2001:db8::7")
    listed = tables.networks(gathered(WEEK, NOON))
    assert [(one.text, one.failures) for one in listed] == [
        ("198.51.100.0/24", 3),
        ("2001:db8::/64", 1),
    ]


def test_a_network_that_only_forgotten_people_came_from_keeps_its_mark_alone() -> None:
    happens(Event.SIGN_IN_FAILED, reason="wrong_password", ip="198.51.100.9")
    trail.forget(ALICE)
    (one,) = tables.networks(gathered(WEEK, NOON))
    assert one.text == "" and one.digest == trail.network_digest("198.51.100.9")
    happens(Event.SIGN_IN_FAILED, subject="another", reason="refused", ip="198.51.100.10")
    (one,) = tables.networks(gathered(WEEK, NOON))
    assert one.text == "198.51.100.0/24"


def test_of_days_that_are_over_the_first_few_are_noted_once_an_hour() -> None:
    for number in range(failures.NOTED + 5):
        HourFailures.objects.create(
            hour=HOUR - timedelta(days=1), whose="account", key=f"{number:02}", count=100 - number
        )
    HourFailures.objects.create(hour=HOUR - timedelta(days=3), whose="account", key="x", count=9)
    with time_machine.travel(NOON, tick=False) as clock:
        failures.note(500)
        noted = DailyFailures.objects.order_by("-count").values_list("day", "key", "count")
        assert len(noted) == failures.NOTED
        assert noted[0] == (NOON.date() - timedelta(days=1), "00", 100)
        late = HOUR - timedelta(days=2)
        HourFailures.objects.create(hour=late, whose="account", key="late", count=500)
        failures.note(500)
        assert not DailyFailures.objects.filter(key="late").exists()  # it was done just now
        clock.shift(failures.EVERY)
        failures.note(500)
        assert DailyFailures.objects.get(key="late").day == late.date()
        assert DailyFailures.objects.count() == failures.NOTED + 1


def test_days_that_were_noted_and_today_are_added_up() -> None:
    happens(Event.SIGN_IN_FAILED, times=2, reason="refused")
    for ago, key, count in (
        (1, ALICE, 3),
        (6, "other", 4),
        (7, "before", 99),
        (40, "long ago", 99),
    ):
        DailyFailures.objects.create(
            day=NOON.date() - timedelta(days=ago), whose="account", key=key, count=count
        )
    assert gathered(WEEK, NOON).accounts == [(ALICE, 5), ("other", 4)]
    assert gathered(spans.KINDS["24h"], NOON).accounts == [(ALICE, 2)]
    assert gathered(spans.KINDS["90d"], NOON).accounts[:2] == [("before", 99), ("long ago", 99)]


def test_no_more_than_are_listed_however_many_fail() -> None:
    for number in range(30):
        HourFailures.objects.create(hour=HOUR, whose="network", key=f"{number:02}", count=number)
    for kind in spans.KINDS.values():
        found = gathered(kind, NOON).networks
        assert [count for _key, count in found] == list(range(29, 19, -1))


def test_failures_by_hour_alone_are_no_network_and_no_account() -> None:
    HourFailures.objects.create(hour=NOON, whose="network", key="ab" * 32, count=1)
    (one,) = tables.networks(gathered(WEEK, NOON))
    assert one.text == ""


# --- what staff did -------------------------------------------------------------------------------


def test_what_staff_read_pushes_out_nothing_that_they_did() -> None:
    happens(Event.UNLOCKED_BY_STAFF, reason="ticket")
    for _ in range(tables.MOST_ACTS):
        happens(Event.STAFF_PERSON_READ)
        happens(Event.STAFF_PEOPLE_READ, asked=["search"])
        happens(Event.TRAIL_READ, asked=[])
    assert [line.event for line in tables.staff_acts()] == [Event.UNLOCKED_BY_STAFF]
