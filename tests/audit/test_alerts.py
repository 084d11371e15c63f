"""Looking: what is found opens one alert, lasts as one, is over when it is closed, and each entry of
the trail is heard of once, whoever looks at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from audit.alerts import evidence, facts, keeping, rules, words
from audit.alerts.keeping import MOST_OPEN, look
from audit.counting import KEPT
from audit.events import Event
from audit.models import Alert, Entry, HourCount
from tests.support.alerts import ADA, close, fails, looks, on_a_new_device, quiet_site, rules_open
from tests.support.race import race, waits_for_a_lock
from tests.support.watching import ALICE, NOON, happens

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
State = Alert.State


@pytest.fixture(autouse=True)
def _quiet(settings) -> None:
    quiet_site(settings)


# --- opened, lasting, closed ------------------------------------------------------------------------


def test_a_rise_opens_one_alert_with_its_numbers_and_a_line_in_the_trail():
    fails(49)
    assert not looks().opened
    fails(1)
    (alert,) = looks(NOON + MINUTE).opened
    assert (alert.rule, alert.about, alert.state, alert.told_at) == (
        "failures_rise",
        "",
        "new",
        None,
    )
    kept = Alert.objects.get()
    assert kept.numbers["found"]["2026-11-25 12"] == 50 and len(kept.numbers["found"]) == 24
    entry = Entry.objects.get(event=Event.ALERT_OPENED)
    assert entry.facts == {"alert": kept.pk, "rule": "failures_rise"}
    assert (entry.actor_id, entry.subject_id) == ("", "")


def test_the_usual_is_that_of_the_same_hour_of_the_last_four_weeks():
    for week, number in enumerate((10, 20, 20, 100), start=1):
        hour = NOON.replace(minute=0) - week * timedelta(days=7)
        HourCount.objects.create(
            hour=hour, event=Event.SIGN_IN_FAILED, detail="wrong_password", count=number
        )
    fails(60)
    assert not looks().opened
    fails(1)
    assert len(looks(NOON + MINUTE).opened) == 1
    assert Alert.objects.get().numbers["usual"]["2026-11-25 12"] == 20


def test_what_lasts_is_one_alert_told_once():
    fails(50)
    looks()
    Alert.objects.update(told_at=NOON)
    fails(5, NOON + MINUTE)
    report = looks(NOON + 2 * MINUTE)
    assert not report.opened and len(report.again) == 1
    alert = Alert.objects.get()
    assert (alert.times, alert.told_at, alert.found_at) == (1, NOON, NOON + 2 * MINUTE)
    assert alert.numbers["found"]["2026-11-25 12"] == 55


def test_each_hour_in_which_it_was_found_counts_once_however_often_somebody_looks():
    fails(50)
    times = []
    for minutes in (0, 1, 20, 39):
        looks(NOON + minutes * MINUTE)
        times.append(Alert.objects.get().times)
    looks(NOON + HOUR)  # of this hour there is nothing yet
    times.append(Alert.objects.get().times)
    fails(50, NOON + HOUR)
    for minutes in (1, 2, 30):
        looks(NOON + HOUR + minutes * MINUTE)
        times.append(Alert.objects.get().times)
    assert times == [1, 1, 1, 1, 1, 2, 2, 2]
    assert words.how_often(Alert.objects.get()) == "found in 2 hours"


def test_a_burst_at_one_account_stays_one_hour_also_in_the_next_one(settings):
    settings.ALERTS = settings.ALERTS | {"networks": 3}
    for number in range(3):
        happens(Event.SIGN_IN_FAILED, subject=ADA, ip=f"198.51.{number}.7", reason="wrong_password")
    for minutes in (0, 5, 30, 50):
        looks(NOON + minutes * MINUTE)
    alert = Alert.objects.get(rule="account_networks")
    assert (alert.times, alert.found_at) == (1, NOON + 50 * MINUTE)


def test_an_account_that_is_alarmed_already_takes_no_seat_of_another(settings, monkeypatch):
    monkeypatch.setattr(facts, "MOST", 1)
    settings.ALERTS = settings.ALERTS | {"networks": 3}

    def tried(subject: str, networks: int) -> None:
        for net in range(networks):
            ip = f"198.51.{net}.7"
            happens(Event.SIGN_IN_FAILED, subject=subject, ip=ip, reason="wrong_password")

    tried(ADA, 4)
    assert [one.about for one in looks().opened] == [ADA]
    tried(ALICE, 3)
    report = looks(NOON + MINUTE)
    assert [one.about for one in report.opened] == [ALICE]
    assert [one.about for one in report.again] == [ADA]


def test_what_happens_is_counted_one_by_one_also_within_one_hour():
    looks()
    for minutes in (1, 2):
        for _ in range(minutes):
            on_a_new_device(NOON + minutes * MINUTE)
        looks(NOON + minutes * MINUTE)
    alert = Alert.objects.get()
    assert alert.times == 3 and words.how_often(alert) == "happened 3 times"


@pytest.mark.parametrize("rule", rules.RULES.values(), ids=lambda rule: rule.name)
def test_what_is_counted_one_by_one_is_what_is_news_by_itself(rule):
    """What adds up is events: how often an alert happened is said by that."""
    assert rule.is_of_events == (rule.name.startswith("staff_") or rule.name == "trail_wrong")


def test_what_was_closed_opens_anew_by_what_begins_later_only():
    fails(50)
    looks()
    close(NOON + MINUTE)
    assert not looks(NOON + 2 * MINUTE).opened
    fails(50, NOON + HOUR)
    assert len(looks(NOON + HOUR).opened) == 1
    assert Alert.objects.count() == 2


def test_what_is_found_again_after_a_day_of_quiet_is_told_again():
    fails(50)
    looks()
    Alert.objects.update(told_at=NOON, state=State.SEEN)
    fails(50, NOON + timedelta(hours=25))
    looks(NOON + timedelta(hours=25))
    alert = Alert.objects.get()
    assert (alert.state, alert.told_at, alert.times) == (State.NEW, None, 2)


def test_there_is_one_open_alert_of_a_rule_about_the_same():
    Alert.objects.create(rule="staff_added", about=ADA, state=State.CLOSED)
    Alert.objects.create(rule="staff_added", about=ADA)
    Alert.objects.create(rule="staff_added", about=ALICE)
    for state in (State.NEW, State.SEEN, State.MUTED):
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.create(rule="staff_added", about=ADA, state=state)


def test_an_attack_from_many_networks_opens_so_many_and_no_more(settings):
    settings.ALERTS = settings.ALERTS | {"accounts": 2}
    for number in range(MOST_OPEN):
        Alert.objects.create(rule="network_accounts", about=f"{number}")
    for account in ("one", "two"):
        happens(Event.SIGN_IN_FAILED, subject=account, reason="wrong_password")
    report = looks()
    assert not report.opened and report.left == 1


def test_what_an_entry_tells_once_is_opened_however_many_stand_open():
    looks()
    for number in range(MOST_OPEN):
        Alert.objects.create(rule="staff_new_device", about=f"{number}", state=State.SEEN)
    on_a_new_device()
    report = looks(NOON + MINUTE)
    assert [one.about for one in report.opened] == [ADA] and report.left == 0


def test_alerts_closed_long_ago_are_forgotten(clock):
    old = clock.forward(seconds=0) - KEPT - MINUTE
    Alert.objects.create(rule="a", state=State.CLOSED, closed_at=old)
    Alert.objects.create(rule="b", state=State.CLOSED, closed_at=old + 2 * MINUTE)
    Alert.objects.create(rule="c", opened_at=old)
    assert keeping.purge(500) == 1
    assert set(Alert.objects.values_list("rule", flat=True)) == {"b", "c"}


# --- at the same moment -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_look_at_once_one_keeps_what_was_found():
    looks()
    fails(50)
    on_a_new_device()
    with time_machine.travel(NOON + MINUTE, tick=True):
        reports = race(lambda number: look(), 6)
    assert sum(len(one.opened) for one in reports) == 2
    assert rules_open() == ["failures_rise", "staff_new_device"]
    assert Alert.objects.get(rule="staff_new_device").times == 1
    assert Entry.objects.filter(event=Event.ALERT_OPENED).count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_closed_while_somebody_looks_stays_closed():
    fails(50)
    looks()
    fails(1, NOON + MINUTE)
    closed = {"state": State.CLOSED, "closed_at": NOON + MINUTE}

    def looks_meanwhile() -> None:
        try:
            look(NOON + 2 * MINUTE)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Alert.objects.update(**closed)
            looking = pool.submit(looks_meanwhile)
            while not (looking.done() or waits_for_a_lock()):
                pass
        looking.result(timeout=30)
    assert [one.state for one in Alert.objects.all()] == [State.CLOSED]


@pytest.mark.django_db(transaction=True)
def test_of_many_that_open_the_same_at_once_one_does():
    def opens(number: int) -> bool:
        try:
            Alert.objects.create(rule="staff_added", about=ADA)
        except IntegrityError:
            return False
        return True

    assert sum(race(opens, 6)) == 1


# --- evidence ---------------------------------------------------------------------------------------


def test_the_plot_has_each_hour_from_the_first_to_the_last():
    numbers = {"found": {"2026-11-24 22": 3, "2026-11-25 01": 5}, "usual": {"2026-11-25 01": 1.5}}
    plot = evidence.plot(Alert(rule="failures_rise", numbers=numbers))
    assert [one.values for one in plot.series] == [[3, 0, 0, 5], [0, 0, 0, 1.5]]
    assert plot.places[0] == "24 Nov, 22:00"
    assert plot.summary == "5 in the hour from 01:00 UTC on 25 Nov, where 1.5 are usual."


def test_of_minutes_the_most_of_an_hour_is_said():
    plot = evidence.plot(Alert(rule="mail_late", numbers={"found": {"2026-11-24 22": 24}}))
    assert plot.summary == "24 at most in the hour from 22:00 UTC on 24 Nov."


@pytest.mark.parametrize("numbers", [{}, {"found": {}}, {"found": {"2026-11-24 22": 0}}])
def test_a_plot_of_nothing_is_one(numbers):
    assert evidence.plot(Alert(rule="gone", numbers=numbers)).is_empty
