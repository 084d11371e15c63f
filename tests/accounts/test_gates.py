"""Every refusal of the road has its explanation, and every explanation its refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.gates import explain, gates
from accounts.gates.facts import Facts
from accounts.models import KnownDevice, NetworkRule, Session, Tally, User
from accounts.networks import snapshot
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_lockout import WRONG, guess
from tests.accounts.test_lockout_pauses import guess_on_and_on
from tests.support import cast
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

HERE = "203.0.113.77"


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.BOT_CHECK = "off"  # it asks before a network's tries are used up
    return still_clock


def elsewhere(*_args):
    elsewhere.number += 1
    return guess(Visitor(), ip=f"198.51.{elsewhere.number // 250}.{elsewhere.number % 250 + 1}")


elsewhere.number = 0


def paused(clock, settings):
    guess_on_and_on(elsewhere, clock, 5)


def stopped(clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    guess_on_and_on(elsewhere, clock, 5)


def on_this_network(clock, settings):
    settings.POLICY_FREE_FAILURES = 1000
    for _ in range(10):
        guess(Visitor(), password=WRONG, ip=HERE)


def network_spent(clock, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    for number in range(10):
        guess(Visitor(), f"somebody{number}", ip=HERE)


def site_spent(clock, settings):
    settings.POLICY_SITE_FAILURES = 10
    for number in range(10):
        guess(Visitor(), f"somebody{number}", ip=f"198.51.100.{number}")


def switched_off(clock, settings):
    User.objects.filter(username="alice").update(is_active=False)


def frozen(clock, settings):
    until = timezone.now() + timedelta(days=3)
    User.objects.filter(username="alice").update(frozen_until=until)


def without_password(clock, settings):
    alice = User.objects.get(username="alice")
    alice.set_unusable_password()
    alice.save()


def kept_out(clock, settings):
    NetworkRule.objects.create(
        kind="deny",
        scope="site",
        network="203.0.113.0/24",
        note="guesses",
        ends_at=timezone.now() + timedelta(days=1),
    )
    snapshot.expire()


def nobody(clock, settings):
    User.objects.get(username="alice").delete()


def being_added(clock, settings):
    """Alice has no such account; the address is one that Bob asked to add."""
    nobody(clock, settings)
    cast.person("bob")
    browser = Visitor()
    guess(browser, "bob", password=cast.PASSWORD)
    browser.post("/accounts/email/", {"email": "alice@example.org"})
    browser.post("/accounts/logout/")


REFUSALS = {
    kept_out: ("network_rule", "refused", 403),
    paused: ("strangers", "wait", 429),
    stopped: ("strangers", "stopped", 429),
    on_this_network: ("account_on_network", "wait", 429),
    network_spent: ("network_failures", "wait", 429),
    site_spent: ("site_failures", "wait", 429),
    switched_off: ("active", "switched_off", 200),
    without_password: ("password", "none", 200),
    frozen: ("frozen", "until", 200),
    nobody: ("exists", "unknown", 200),
}


@pytest.mark.parametrize("make", REFUSALS, ids=lambda make: make.__name__)
def test_each_refusal_of_the_road_is_explained_by_the_gate_that_refused(
    alice, clock, settings, make
):
    gate, reason, status = REFUSALS[make]
    make(clock, settings)
    told = explain.explain_login("alice", address=HERE).closed
    assert [(one.verdict.gate, one.verdict.reason) for one in told] == [(gate, reason)]
    assert told[0].sentence
    assert guess(Visitor(), password=cast.PASSWORD, ip=HERE).status_code == status
    assert not Session.objects.filter(user__isnull=False).exists()


def test_where_all_gates_are_open_the_right_password_signs_in(alice):
    told = explain.explain_login("ALICE@example.org", address=HERE)
    assert told.is_open
    assert guess(Visitor(), password=cast.PASSWORD, ip=HERE).status_code == 302


def test_no_gate_is_without_a_refusal_here():
    names = {gate for gate, _reason, _status in REFUSALS.values()}
    # Of known devices: below. What must be done first: tests/mfa/test_explained.py.
    asked = {gate(Facts(None, address="")).gate for gate in (*gates.BEFORE, *gates.AFTER)}
    assert asked - {"known_devices"} == names


def test_a_sign_up_that_waits_is_told_apart_from_nobody(client):
    client.post(
        "/accounts/signup/", {"email": "sam@example.org", "password1": "nine lamps over the marsh"}
    )
    told = explain.explain_login("sam@example.org").closed
    assert [one.verdict.reason for one in told] == ["sign_up_waits"]


def test_an_address_that_is_being_added_is_told_apart_until_its_letter_runs_out(clock, alice):
    being_added(clock, None)
    told = explain.explain_login("Alice@Example.org").closed
    assert [one.verdict.reason for one in told] == ["address_waits"] and told[0].sentence
    assert guess(Visitor(), "alice@example.org", password=cast.PASSWORD).status_code == 200
    assert not Session.objects.filter(user__isnull=False).exists()
    clock.forward(days=4)
    told = explain.explain_login("alice@example.org").closed
    assert [one.verdict.reason for one in told] == ["unknown"]


def test_explaining_changes_nothing_but_the_trail(alice, ada, clock, settings):
    stopped(clock, settings)
    before = [list(model.objects.order_by("pk").values()) for model in (Tally, User, KnownDevice)]
    entries = Entry.objects.count()
    explain.explain_login("alice", address=HERE, actor=ada)
    after = [list(model.objects.order_by("pk").values()) for model in (Tally, User, KnownDevice)]
    assert before == after and Entry.objects.count() == entries + 1
    row = Entry.objects.latest("pk")
    assert (row.event, row.actor_id, row.subject_id) == (
        Event.SIGN_IN_EXPLAINED, ada.subject_id, alice.subject_id,
    )  # fmt: skip


@pytest.mark.parametrize("make", [switched_off, stopped, nobody, None])
def test_to_an_unproved_caller_staff_say_the_same_of_everybody(alice, clock, settings, make):
    expected = explain.explain_login("nobody at all").caller
    if make:
        make(clock, settings)
    assert explain.explain_login("alice", address=HERE).caller == expected


def test_to_a_proved_one_they_say_what_it_is(alice, clock, settings):
    switched_off(clock, settings)
    assert "switched off" in explain.explain_login("alice", proved=True).caller


def refuses_on_mondays(facts):
    return gates.Verdict("weekday", "monday")


def test_gates_of_higher_rooms_are_asked_too(alice, settings):
    settings.LOGIN_GATES = ["tests.accounts.test_gates.refuses_on_mondays"]
    told = explain.explain_login("alice").closed
    assert [one.verdict.gate for one in told] == ["weekday"] and told[0].sentence
    assert guess(Visitor(), password=cast.PASSWORD, ip=HERE).status_code == 200
    assert not Session.objects.filter(user=alice).exists()


def refuses_that_office_at_night(facts):
    closed = facts.address == HERE and not 6 <= facts.at.hour < 22
    return gates.Verdict("office", "night" if closed else "")


def refuses_after_failures(facts):
    return gates.Verdict("calm", "failed" if facts.standing.readings else "")


@pytest.mark.parametrize(("hour", "ip"), [(3, HERE), (3, "192.0.2.9"), (12, HERE)])
def test_gates_of_higher_rooms_are_told_the_same_on_the_road_as_in_the_explanation(
    alice, clock, settings, hour, ip
):
    settings.LOGIN_GATES = ["tests.accounts.test_gates.refuses_that_office_at_night"]
    clock.forward(hours=(hour - timezone.now().hour) % 24)
    told = explain.explain_login("alice", address=ip)
    assert told.is_open == (hour == 12 or ip != HERE)
    assert guess(Visitor(), password=cast.PASSWORD, ip=ip).status_code == (
        302 if told.is_open else 200
    )


def test_gates_of_higher_rooms_are_told_what_failed_before(alice, settings):
    settings.LOGIN_GATES = ["tests.accounts.test_gates.refuses_after_failures"]
    guess(Visitor(), ip=HERE)
    assert not explain.explain_login("alice", address=HERE).is_open
    assert guess(Visitor(), password=cast.PASSWORD, ip=HERE).status_code == 200


@pytest.mark.parametrize(
    "identifier", ["", "\x00", "é" * 70_000, "@", "a@b", "\ud800", "٣٤", "alice\u202e"]
)
@pytest.mark.parametrize("address", ["", "not an address", "::ffff:1.2.3.4", "999.1.1.1"])
def test_nonsense_is_answered(db, identifier, address):
    assert not explain.explain_login(identifier, address=address).is_open


def test_a_later_moment_is_asked_of_the_same_gates(alice, clock, settings):
    paused(clock, settings)
    assert not explain.explain_login("alice", address=HERE).is_open
    later = timezone.now() + timedelta(minutes=1)
    assert explain.explain_login("alice", address=HERE, at=later).is_open
    clock.forward(minutes=1)
    assert guess(Visitor(), password=cast.PASSWORD, ip=HERE).status_code == 302


def test_a_rule_for_the_staff_pages_is_told_of_those_who_work_there(alice, ada, client):
    kept_out(None, None)
    NetworkRule.objects.update(scope="admin")
    snapshot.expire()
    told = explain.explain_login("ada", address=HERE)
    assert [one.verdict.gate for one in told.closed] == ["staff_pages"]
    assert explain.explain_login("alice", address=HERE).is_open
    assert guess(client, "ada", password=cast.PASSWORD, ip=HERE).status_code == 302
    assert client.get("/admin/", REMOTE_ADDR=HERE).status_code == 403


def test_the_short_check_is_told(alice, settings):
    settings.BOT_CHECK, settings.POLICY_NETWORK_FAILURES = "own", 10
    assert "short check" not in _said("alice")
    for number in range(9):
        guess(Visitor(), f"somebody{number}", ip=HERE)
    assert "short check" in _said("alice")
    page = guess(Visitor(), password=cast.PASSWORD, ip=HERE)
    assert page.status_code == 429 and "A short check" in page.content.decode()


def _said(name: str) -> str:
    return " ".join(one.sentence for one in explain.explain_login(name, address=HERE).answers)
