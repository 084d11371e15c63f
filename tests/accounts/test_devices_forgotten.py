"""A new password makes the devices of whoever had the old one strangers."""

from __future__ import annotations

import pytest

from accounts.known_devices import devices
from accounts.models import KnownDevice, User
from accounts.passwords import slots
from tests.accounts.test_devices_page import forgotten
from tests.accounts.test_known_devices import known, knows
from tests.accounts.test_lockout import guess
from tests.accounts.test_password_reset import ask, choose
from tests.support import cast
from tests.support.sensitive import form_of_alice, page_of_alice
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

NEW = "eleven copper weathercocks"
TWICE = {"password1": NEW, "password2": NEW}
CHANGE = "/accounts/password/change/"
HERE, SIGNS_IN_FROM = "127.0.0.1", "192.0.2.1"


def change(browser, mailbox, **extra):
    guess(browser, password=cast.PASSWORD)
    browser.post(CHANGE, TWICE | {"oldpassword": cast.PASSWORD} | extra)


def change_and_end_others(browser, mailbox):
    change(browser, mailbox, end_others="on")


def reset(browser, mailbox):
    ask(browser, "alice")
    choose(browser, mailbox.latest().link, NEW)


def change_where_required(browser, mailbox):
    User.objects.update(password_must_change="2026-01-01T00:00Z")
    where = guess(browser, password=cast.PASSWORD)["Location"]
    browser.post(where, TWICE)


@pytest.mark.parametrize("act", [change, change_and_end_others, reset, change_where_required])
def test_a_new_password_forgets_all_devices_but_this_one(alice, bob, mailbox, act):
    intruders, owner, bobs = known(), known(), known(name="bob")
    act(owner, mailbox)
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert knows(owner, alice) and not knows(intruders, alice) and knows(bobs, bob)
    assert devices.of_user(alice).count() == 1
    assert forgotten() == [(alice.subject_id, 1, "new_password")]


def test_a_session_that_was_kept_goes_on_in_a_browser_that_is_a_stranger(alice, mailbox):
    laptop, owner = Visitor(), Visitor()
    guess(laptop, password=cast.PASSWORD)
    change(owner, mailbox)
    assert laptop.get("/accounts/").status_code == 200 and not knows(laptop, alice)


def test_where_nothing_else_is_known_the_trail_says_nothing(alice, mailbox):
    change(known(), mailbox)
    assert not forgotten()


def test_whoever_is_switched_off_is_known_nowhere(alice, ada):
    """Not in the browser of the staff who do it, either."""
    desk, phone = known(), known()
    guess(desk, "ada", cast.PASSWORD)
    desk.post(page_of_alice(), form_of_alice(is_active=""))
    assert not User.objects.get(pk=alice.pk).is_active
    assert not KnownDevice.objects.filter(user=alice).exists() and not knows(phone, alice)
    assert forgotten() == [(alice.subject_id, 2, "switched_off")]


@pytest.fixture
def callers(monkeypatch):
    """For whom each hash was made."""
    seen = []
    enter = slots._Room.enter

    def note(room, width, caller):
        seen.append((caller.known, caller.network))
        enter(room, width, caller)

    monkeypatch.setattr(slots._Room, "enter", note)
    return seen


@pytest.mark.parametrize("act", [change, reset, change_where_required])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_new_password_is_hashed_for_the_device_and_network_at_hand(
    alice, mailbox, callers, act, is_known
):
    browser = known() if is_known else Visitor()
    if act is change and not is_known:
        guess(browser, password=cast.PASSWORD)
        del browser.cookies["__Host-device"]
        callers.clear()
        browser.post(CHANGE, TWICE | {"oldpassword": cast.PASSWORD})
    else:
        callers.clear()
        act(browser, mailbox)
    assert callers and {known for known, _ in callers} == {is_known}
    assert {network for _, network in callers} <= {HERE, SIGNS_IN_FROM}


def test_a_sign_up_hashes_for_its_network(client, mailbox, callers):
    client.post("/accounts/signup/", {"email": "sam@example.org", "password1": NEW})
    elsewhere = Visitor()
    elsewhere.get(mailbox.latest().link)
    elsewhere.post("/accounts/confirm-email/link/", {"password": NEW})
    assert callers == [(False, HERE)] * 2
