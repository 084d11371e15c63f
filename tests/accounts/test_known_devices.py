"""A browser that somebody signed in with: its tries are its own, and it can become a stranger."""

from __future__ import annotations

import pytest

from accounts.known_devices import devices
from accounts.models import KnownDevice, Session
from tests.accounts.test_lockout import WRONG, guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.accounts.test_password_reset import ask, choose
from tests.support import cast
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]

COOKIE = "__Host-device"


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    """A pause is a second and more: none passes by itself here. Nobody is asked for a proof of work
    before a limit is spent."""
    settings.BOT_CHECK = "off"
    return still_clock


def known(browser=None, name="alice"):
    """A browser that has signed in and out again."""
    browser = browser or Visitor()
    assert guess(browser, name, cast.PASSWORD).status_code == 302
    browser.post("/accounts/logout/")
    return browser


def knows(browser, user):
    """Whether the browser holds the value by which it is known for `user`."""
    key = devices.sealing.token_digest(browser.cookies[COOKIE].value)
    return devices.of_user(user).filter(key=key).exists()


def copy_of(browser):
    copy = Visitor()
    copy.cookies[COOKIE] = browser.cookies[COOKIE].value
    return copy


def test_a_complete_sign_in_makes_the_browser_known(alice, clock):
    browser = known()
    cookie = browser.cookies[COOKIE]
    assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 180 * 24 * 3600 and cookie["path"] == "/"
    row = KnownDevice.objects.get()
    assert row.user == alice and cookie.value not in (row.key, row.user_agent)
    assert len(cookie.value) == 43 and "alice" not in cookie.value


def test_a_wrong_password_makes_nothing_known(client, alice):
    guess(client)
    assert COOKIE not in client.cookies and not KnownDevice.objects.exists()


def test_signing_out_does_not_forget_the_device(alice):
    browser = known()
    known(browser)
    assert KnownDevice.objects.count() == 1 and knows(browser, alice)


def test_the_owner_gets_in_while_strangers_are_stopped(elsewhere, alice, clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    owner = known()
    guess_on_and_on(elsewhere, clock, 5)
    assert elsewhere(password=cast.PASSWORD).status_code == 429
    assert guess(owner, password=cast.PASSWORD, ip="203.0.113.200").status_code == 302
    assert elsewhere(password=cast.PASSWORD).status_code == 302  # in a row: it begins anew


def test_a_device_is_known_for_its_own_people_only(elsewhere, alice, bob, clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    theirs = known(name="bob")
    guess_on_and_on(elsewhere, clock, 5)
    assert guess(theirs, password=cast.PASSWORD, ip="203.0.113.200").status_code == 429


def test_two_people_share_one_browser_and_its_one_value(alice, bob):
    browser = known()
    for name in ("bob", "alice", "bob"):
        known(browser, name)
        assert knows(browser, alice) and (name == "alice" or knows(browser, bob))
    assert KnownDevice.objects.count() == 2


def test_failures_of_a_known_device_leave_strangers_their_own(elsewhere, alice, clock):
    owner = known()
    guess_on_and_on(lambda *_: guess(owner), clock, 6)
    assert [elsewhere().status_code for _ in range(4)] == [200, 200, 200, 429]


def test_ten_failures_in_a_row_make_it_a_stranger(elsewhere, alice, clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    owner = known()
    guess_on_and_on(elsewhere, clock, 5)  # strangers are stopped
    assert guess_on_and_on(lambda *_: guess(owner), clock, 10) == [200] * 10
    refused = guess(owner, password=cast.PASSWORD)
    assert refused.status_code == 429 and "Retry-After" not in refused
    assert not devices.of_user(alice)


def test_a_right_password_in_between_begins_the_ten_anew(alice, clock):
    owner = known()
    for _ in range(2):
        assert guess_on_and_on(lambda *_: guess(owner), clock, 9) == [200] * 9
        clock.forward(minutes=15)
        known(owner)
    assert devices.of_user(alice).count() == 1


def test_fifty_failures_of_known_devices_stop_these_too(alice, clock, settings):
    settings.POLICY_KNOWN_DEVICE_FAILURES = 12
    laptop, phone = known(), known()
    for owner in (laptop, phone):
        guess_on_and_on(lambda *_, by=owner: guess(by), clock, 6)
    stopped = guess(phone, password=cast.PASSWORD)
    assert stopped.status_code == 429 and "Retry-After" not in stopped
    # Strangers have tries of their own left, so the owner has a way in: any other browser.
    assert guess(Visitor(), password=cast.PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "value", ["", "x", "A" * 43, "é" * 43, "A" * 5000, "\x00" * 43, "' OR 1=1"]
)
def test_a_value_that_we_did_not_make_is_nobodys(elsewhere, alice, clock, settings, value):
    settings.POLICY_STRANGER_FAILURES = 5
    guess_on_and_on(elsewhere, clock, 5)
    browser = Visitor()
    browser.cookies[COOKIE] = value
    assert guess(browser, password=cast.PASSWORD).status_code == 429


def test_a_finished_reset_makes_the_browser_known(
    elsewhere, client, alice, mailbox, clock, settings
):
    settings.POLICY_STRANGER_FAILURES = 5
    ask(client, "alice")
    choose(client, mailbox.latest().link, "six herons at noon sharp")
    guess_on_and_on(elsewhere, clock, 5)
    assert guess(client, password="six herons at noon sharp").status_code == 302


def test_it_is_forgotten_after_180_days_unused(elsewhere, alice, clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    owner = known()
    clock.forward(days=179)
    known(owner)
    clock.forward(days=181)
    guess_on_and_on(elsewhere, clock, 5)
    assert guess(owner, password=cast.PASSWORD).status_code == 429
    assert devices.purge() == 1 and not KnownDevice.objects.exists()


def test_a_person_has_twenty_and_the_oldest_goes(alice, clock):
    first = known()
    for _ in range(20):
        clock.forward(seconds=10)
        known()
    assert devices.of_user(alice).count() == 20 and not knows(first, alice)
    clock.forward(days=7)
    assert devices.purge() == 1 and KnownDevice.objects.count() == 20


def test_what_a_browser_calls_itself_is_cut_and_inert(alice):
    browser = Visitor(headers={"user-agent": "A\x1b[31m" + "é" * 8000 + "\u202e"})
    known(browser)
    kept = KnownDevice.objects.get().user_agent
    assert len(kept) <= 300 and kept.isprintable()


@pytest.mark.django_db(transaction=True)
def test_fifty_guesses_at_once_from_a_known_device_are_ten(settings):
    settings.POLICY_FREE_FAILURES = 1000
    settings.POLICY_STRANGER_FAILURES = 5
    cast.person("alice")
    value = known().cookies[COOKIE].value

    def act(number):
        browser = Visitor()
        browser.cookies[COOKIE] = value
        return guess(browser, password=f"{WRONG} {number}").status_code

    statuses = race(act, 30)
    # Ten as the device, and five more as the stranger it is from then on.
    assert statuses.count(200) == 15 and statuses.count(429) == 15
    assert not Session.objects.exists()
