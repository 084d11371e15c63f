"""Who is told of alerts: one letter for several, at most each quarter of an hour, at quiet hours only
what is critical; and nobody of the people in them is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts.models import OutgoingMail
from audit.alerts.telling import EVERY, MOST, is_quiet, tell
from audit.models import Alert, AlertCheck
from authsite.alert_settings import _hours
from tests.support.race import race
from tests.support.watching import ALICE, NOON

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
TO = "security@example.org"


@pytest.fixture(autouse=True)
def told(settings) -> None:
    settings.ALERTS = settings.ALERTS | {"email": TO, "quiet_hours": None}
    AlertCheck.objects.create()


def alert(rule: str = "failures_rise", **fields) -> Alert:
    numbers = {"found": {"2026-11-25 11": 3, "2026-11-25 12": 51}}
    return Alert.objects.create(
        **{"rule": rule, "numbers": numbers, "found_at": NOON, "about": "", **fields}
    )


def test_several_are_told_in_one_letter_the_critical_ones_first():
    one, two = alert(), alert("staff_added", about=ALICE, times=2)
    assert tell(NOON) == 2
    (letter,) = mail.outbox
    assert letter.to == [TO]
    assert letter.subject == "Critical: 2 alerts at testserver"
    assert letter.body.splitlines() == [
        "Critical: Somebody was made staff or a superuser",
        "Times made staff or a superuser: 51 in the hour from 12:00 UTC on 25 Nov; happened 2 times,"
        " last at 2026-11-25 12:20 UTC.",
        f"https://testserver/admin/audit/alert/{two.pk}/change/",
        "",
        "Many more failed tries than usual",
        "Failed tries: 51 in the hour from 12:00 UTC on 25 Nov; found in 1 hour,"
        " last at 2026-11-25 12:20 UTC.",
        f"https://testserver/admin/audit/alert/{one.pk}/change/",
        "",
        "All alerts: https://testserver/admin/audit/alert/",
    ]


def test_it_names_nobody():
    alert("staff_added", about=ALICE)
    alert("network_accounts", about="ab" * 32)
    tell(NOON)
    (letter,) = mail.outbox
    assert ALICE not in letter.body and "abab" not in letter.body


def test_each_is_told_of_once_and_the_next_letter_waits():
    alert()
    assert tell(NOON) == 1
    alert("mail_late")
    assert tell(NOON + EVERY - MINUTE) == 0
    assert tell(NOON + EVERY) == 1
    assert tell(NOON + 2 * EVERY) == 0
    assert [letter.subject for letter in mail.outbox] == ["1 alert at testserver"] * 2


@pytest.mark.parametrize("state", ["seen", "muted", "closed"])
def test_what_somebody_has_seen_is_told_to_nobody(state):
    alert(state=state)
    assert tell(NOON) == 0 and not mail.outbox


def test_without_an_address_nobody_is_told_and_it_stays_untold(settings):
    settings.ALERTS = settings.ALERTS | {"email": ""}
    alert()
    assert tell(NOON) == 0 and not mail.outbox
    assert Alert.objects.get().told_at is None


def test_at_quiet_hours_only_what_is_critical_is_told_and_the_rest_follows(settings):
    settings.ALERTS = settings.ALERTS | {"quiet_hours": (12, 14)}
    alert()
    assert tell(NOON) == 0
    alert("trail_wrong")
    assert tell(NOON) == 1
    assert tell(NOON + timedelta(minutes=99)) == 0
    assert tell(NOON + timedelta(minutes=100)) == 1
    assert [letter.subject for letter in mail.outbox] == [
        "Critical: 1 alert at testserver",
        "1 alert at testserver",
    ]


@pytest.mark.parametrize(
    "hours, quiet", [((22, 7), {22, 23, *range(7)}), ((7, 22), set(range(7, 22))), (None, set())]
)
def test_quiet_hours_may_go_over_midnight(settings, hours, quiet):
    settings.ALERTS = settings.ALERTS | {"quiet_hours": hours}
    assert {hour for hour in range(24) if is_quiet(NOON.replace(hour=hour))} == quiet


@pytest.mark.parametrize(
    "text", ["22", "24-7", "7-7", "22-", "a-b", "22-7-9", "-1-5", "22–7", "٢-٣"]
)
def test_hours_that_are_none_stop_the_start(text):
    with pytest.raises(ImproperlyConfigured, match="ALERTS_QUIET_HOURS"):
        _hours(text)
    assert _hours("22-7") == (22, 7) and _hours("") is None


def test_of_very_many_some_are_listed_and_the_rest_counted():
    for number in range(MOST + 5):
        alert("network_accounts", about=f"{number}")
    tell(NOON)
    (letter,) = mail.outbox
    assert letter.body.count("One network against many accounts") == MOST
    assert "And 5 more." in letter.body


def test_a_rule_that_is_gone_is_said_by_its_name():
    alert("former_rule", numbers={})
    tell(NOON)
    assert "former_rule" in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_writes_the_letter():
    AlertCheck.objects.get_or_create(pk=1)
    alert()
    with time_machine.travel(NOON, tick=True):
        assert sorted(race(lambda number: tell(), 6)) == [0, 0, 0, 0, 0, 1]
    assert len(mail.outbox) == 1


def test_the_letter_lies_in_the_outbox_sealed_and_goes_with_what_says_so(settings):
    settings.EMAIL_BACKEND = "accounts.outbox.backend.OutboxBackend"
    alert()
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(NOON)
        raise RuntimeError
    assert not OutgoingMail.objects.exists() and Alert.objects.get().told_at is None
    assert tell(NOON) == 1
    row = OutgoingMail.objects.get()
    assert TO not in repr(row.__dict__) and row.state == "waiting"
