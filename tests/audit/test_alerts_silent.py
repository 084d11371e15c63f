"""What is silent, and for how long; and hours that were over before somebody looked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.events import Event
from audit.models import Alert, AlertCheck
from tests.support.alerts import ADA, fails, looks, on_a_new_device, quiet_site
from tests.support.watching import NOON, happens

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
State = Alert.State


@pytest.fixture(autouse=True)
def _quiet(settings) -> None:
    quiet_site(settings)


# --- silence ----------------------------------------------------------------------------------------


def test_a_muted_alert_is_silent_until_then_and_told_again_if_it_lasts():
    fails(50)
    looks()
    Alert.objects.update(state=State.MUTED, muted_until=NOON + 10 * MINUTE, told_at=NOON)
    on_a_new_device()
    looks(NOON + 9 * MINUTE)
    muted = Alert.objects.get(rule="failures_rise")
    assert (muted.state, muted.told_at) == (State.MUTED, NOON)
    looks(NOON + 10 * MINUTE)
    muted.refresh_from_db()
    assert (muted.state, muted.told_at, muted.muted_until) == (State.NEW, None, None)


def test_a_muted_alert_that_was_over_meanwhile_was_seen():
    fails(50)
    looks()
    Alert.objects.update(state=State.MUTED, muted_until=NOON + HOUR, told_at=NOON)
    looks(NOON + 2 * HOUR)
    alert = Alert.objects.get()
    assert (alert.state, alert.told_at) == (State.SEEN, NOON)


def test_a_rise_that_outlasts_its_silence_is_told_again_once_the_new_hour_shows_it():
    """Three a minute, looked at each minute: the look in which the silence ends counts six yet."""
    fails(50)
    looks()
    until = NOON + 42 * MINUTE
    Alert.objects.update(state=State.MUTED, muted_until=until, told_at=NOON)
    news = []
    for minute in range(1, 64):
        now = NOON + minute * MINUTE
        fails(3, now)
        news += [now for _alert in looks(now).news]
        if now == until:
            ended = Alert.objects.get()
    assert (ended.state, ended.told_at, ended.muted_until) == (State.SEEN, NOON, until)
    assert news == [NOON.replace(hour=13, minute=16)]
    alert = Alert.objects.get()
    assert (alert.state, alert.told_at, alert.muted_until) == (State.NEW, None, None)


def test_who_saw_what_outlasted_its_silence_is_not_told_of_it_once_more():
    fails(50)
    looks()
    Alert.objects.update(state=State.MUTED, muted_until=NOON + MINUTE)
    assert looks(NOON + 2 * MINUTE).news
    Alert.objects.update(state=State.SEEN)
    assert not looks(NOON + 3 * MINUTE).news


@pytest.mark.parametrize(
    ("rule", "event", "facts", "is_heard"),
    [
        ("staff_method_removed", Event.TWO_STEP_TURNED_OFF, {}, True),
        ("staff_new_device", Event.SIGNED_IN, {"device": "new"}, False),
    ],
)
def test_a_critical_event_ends_a_silence_and_another_does_not(rule, event, facts, is_heard):
    looks()
    silent = {"state": State.MUTED, "muted_until": NOON + HOUR, "told_at": NOON, "called_at": NOON}
    Alert.objects.create(rule=rule, about=ADA, found_at=NOON, calls=3, **silent)
    happens(event, subject=ADA, **facts)
    report = looks(NOON + MINUTE)
    kept = Alert.objects.get(rule=rule)
    assert bool(report.news) is is_heard and kept.times == 2
    if is_heard:
        assert (kept.state, kept.muted_until, kept.told_at, kept.called_at, kept.calls) == (
            State.NEW, None, None, None, 0,
        )  # fmt: skip
    else:
        assert (kept.state, kept.told_at, kept.calls) == (State.MUTED, NOON, 3)


# --- hours that are over ----------------------------------------------------------------------------


def test_a_rise_while_no_worker_looked_is_found_by_the_next_look():
    looks(NOON - HOUR)
    fails(500)
    for late in (45 * MINUTE, 3 * HOUR):
        AlertCheck.objects.update(checked_at=NOON - HOUR)
        (alert,) = looks(NOON + late).opened
        assert max(alert.numbers["found"].items())[1] == 500
        Alert.objects.all().delete()
    assert not looks(NOON + 3 * HOUR + MINUTE).opened


def test_a_rise_of_more_than_a_day_ago_is_over():
    looks(NOON - HOUR)
    fails(500)
    assert not looks(NOON + 24 * HOUR).opened


def test_what_was_before_the_first_look_of_all_alarms_nobody():
    fails(500, NOON - HOUR)
    assert not looks(NOON.replace(minute=2)).opened


def test_a_clock_that_went_back_stops_no_look():
    looks(NOON + 3 * HOUR)
    fails(50)
    assert len(looks(NOON).opened) == 1


@pytest.mark.parametrize("minutes, is_found", [(4, True), (6, False)])
def test_what_is_counted_late_into_an_hour_that_is_over_is_found(minutes, is_found):
    """Chained after the first look of the next hour."""
    looks(NOON.replace(minute=59))
    thirteen = NOON.replace(hour=13, minute=0)
    for minute in range(minutes):
        assert not looks(thirteen + minute * MINUTE).opened
    fails(50, NOON.replace(minute=59))
    assert bool(looks(thirteen + minutes * MINUTE).opened) is is_found
