"""Alerts are seen, muted and closed by those who may, once, with a reason that stands in the trail."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.flows import alerts
from accounts.models import User
from audit.events import Event
from audit.models import Alert, Entry
from tests.accounts.test_lockout import guess
from tests.support import cast
from tests.support.alerts import LIST, MARKUP, REASON, alert, page_of, signed_in_with
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

ACTS = {
    "see": ({}, Event.ALERT_SEEN, "seen"),
    "mute": ({"hours": "8"}, Event.ALERT_MUTED, "muted"),
    "close": ({}, Event.ALERT_CLOSED, "closed"),
}


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


# --- what is done -----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_done_with_a_reason_and_a_row(ada_here, ada, clock, act):
    more, event, state = ACTS[act]
    one = alert()
    path = f"{LIST}{one.pk}/{act}/"
    for reason in ("", " ", "ab", "x" * 401):
        answer = ada_here.post(path, {**more, "reason": reason})
        assert "Reason: " in text_of(answer)
    one.refresh_from_db()
    assert one.state == "new" and not Entry.objects.filter(event=event).exists()
    assert ada_here.post(path, {**more, **REASON})["Location"] == page_of(one)
    one.refresh_from_db()
    entry = Entry.objects.get(event=event)
    assert (one.state, entry.actor_id, entry.subject_id) == (state, ada.subject_id, "")
    said = {"alert": one.pk, "rule": "failures_rise", **REASON}
    assert entry.facts == said | ({"hours": 8} if act == "mute" else {})
    if act == "mute":
        assert one.muted_until == timezone.now() + timedelta(hours=8)
    closed = (timezone.now(), ada.subject_id) if act == "close" else (None, "")
    assert (one.closed_at, one.closed_by) == closed


@pytest.mark.parametrize("hours", ["", "2", "-1", "99999", MARKUP])
def test_it_is_muted_for_what_is_offered_only(ada_here, hours):
    one = alert()
    answer = ada_here.post(f"{LIST}{one.pk}/mute/", {"hours": hours, **REASON})
    assert answer.status_code == 200 and Alert.objects.get().state == "new"


@pytest.mark.parametrize("act, state", [("see", "seen"), ("see", "muted"), ("see", "closed"),
                                        ("mute", "closed"), ("close", "closed")])  # fmt: skip
def test_what_does_not_fit_its_state_changes_nothing(ada_here, act, state):
    more, event, _to = ACTS[act]
    one = alert(state=state)
    answer = ada_here.post(f"{LIST}{one.pk}/{act}/", {**more, **REASON}, follow=True)
    assert "Somebody else was quicker" in text_of(answer)
    assert Alert.objects.get().state == state and not Entry.objects.filter(event=event).exists()


@pytest.mark.parametrize(
    "rule, act, said",
    [
        ("failures_rise", "mute", "If it still lasts afterwards, it is new again"),
        ("staff_new_device", "mute", "nobody is told, also if it happens again"),
        ("staff_added", "mute", "If it happens again, the silence ends at once"),
        ("failures_rise", "close", "What begins in a later hour opens an alert anew."),
        ("staff_added", "close", "If it happens again, another alert is opened."),
        ("gone", "mute", "If it still lasts afterwards, it is new again"),
    ],
)
def test_what_it_does_is_said_as_it_is_for_that_rule(ada_here, rule, act, said):
    assert said in text_of(ada_here.get(f"{LIST}{alert(rule).pk}/{act}/"))


@pytest.mark.parametrize("act, state", [("close", "muted"), ("close", "seen"), ("see", "new")])
def test_closing_and_seeing_end_a_silence(ada_here, act, state):
    one = alert(state=state, muted_until=timezone.now())
    ada_here.post(f"{LIST}{one.pk}/{act}/", REASON)
    assert Alert.objects.get().muted_until is None


@pytest.mark.parametrize("act", ACTS)
def test_it_takes_a_right_of_its_own_and_a_fresh_proof(ada_here, clock, tom, act):
    more, event, _state = ACTS[act]
    path = f"{LIST}{alert().pk}/{act}/"
    looks = signed_in_with("view_alert")
    assert looks.get(LIST).status_code == 200
    assert looks.get(path).status_code == looks.post(path, {**more, **REASON}).status_code == 403
    none = Visitor()
    guess(none, "tom", cast.PASSWORD)
    assert none.get(LIST).status_code == none.get(path).status_code == 403
    assert Visitor().get(LIST).status_code == 302
    clock.forward(minutes=6)
    asked = ada_here.post(path, {**more, **REASON})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert Alert.objects.get().state == "new" and not Entry.objects.filter(event=event).exists()


def test_whoever_handles_alerts_sees_them(clock):
    browser = signed_in_with("handle_alert")
    one = alert()
    assert browser.get(LIST).status_code == browser.get(page_of(one)).status_code == 200
    assert browser.post(f"{LIST}{one.pk}/see/", REASON).status_code == 302


def test_past_the_page_it_takes_the_right_as_well(by_hand, clock):
    one = alert()
    looks = signed_in_with("view_alert")
    for act in (alerts.see, alerts.close, partial(alerts.mute, hours=1)):
        with pytest.raises(PermissionDenied):
            act(by_hand(looks, User.objects.get(username="quinn")), one.pk, reason="because I can")
    assert Alert.objects.get().state == "new"


@pytest.mark.django_db(transaction=True)
def test_of_several_who_close_it_at_once_one_does():
    browsers = []
    for number in range(4):
        browser, name = Visitor(), f"ada{number}"
        cast.administrator(name)
        browser.post("/accounts/login/", {"login": name, "password": cast.PASSWORD})
        browsers.append(browser)
    path = f"{LIST}{alert().pk}/close/"
    answers = race(lambda number: browsers[number].post(path, REASON).status_code, 4)
    assert answers == [302] * 4
    assert Entry.objects.filter(event=Event.ALERT_CLOSED).count() == 1


# --- staff on a new device --------------------------------------------------------------------------


def test_a_sign_in_of_staff_on_a_new_device_says_so_in_the_trail_and_others_do_not(ada, alice):
    def facts() -> list[object]:
        rows = Entry.objects.filter(event=Event.SIGNED_IN).order_by("id")
        return [one.facts.get("device") for one in rows]

    browser = Visitor()
    for _ in range(2):
        browser.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
        browser.post("/accounts/logout/")
    guess(Visitor(), "alice", cast.PASSWORD)
    assert facts() == ["new", None, None]
