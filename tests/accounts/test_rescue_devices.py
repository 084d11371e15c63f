"""Whose word "this was not me" is, and what it does to devices: an intruder's must not make the owner's
strangers to the hold that shuts the intruder out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.known_devices import devices
from accounts.models import KnownDevice, User
from audit.events import Event
from audit.models import Entry
from tests.support import undoing
from tests.support.pages import text_of
from tests.support.undoing import THEIRS, link_to, open_and_stop, sign_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

RESCUE, LOGIN, OLD = "/accounts/rescue/", "/accounts/login/", "alice@example.org"
HELD = "You cannot sign in here for now"


@pytest.fixture
def owners(alice: User) -> Visitor:
    """A browser that has been Alice's for a month."""
    return undoing.at_home(alice)


def is_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


def is_known(browser: Visitor, rf: object, user: User) -> bool:
    request = rf.get("/")  # type: ignore[attr-defined]
    request.COOKIES["__Host-device"] = browser.cookies["__Host-device"].value
    return devices.find(request, user) is not None


def test_an_intruder_who_says_it_takes_no_old_device_from_the_owner(owners, alice, rf):
    intruder = sign_in("alice")
    intruder.post(RESCUE)
    assert not is_known(owners, rf, alice)  # a stranger to all but a hold
    undoing.change_password(intruder)
    open_and_stop(link_to(OLD, "password_changed"))
    refused = intruder.post(LOGIN, {"login": "alice", "password": THEIRS})
    assert refused.status_code == 403 and HELD in text_of(refused)
    assert is_in(sign_in("alice", password=THEIRS, browser=owners))


def test_the_word_of_an_old_device_forgets_all_others_for_good(owners, alice):
    other = sign_in("alice")
    other.post("/accounts/logout/")
    undoing.long_here(alice)  # a thief's, of long ago
    thief = KnownDevice.objects.latest("pk")
    sign_in("alice", browser=owners)
    owners.post(RESCUE)
    assert not KnownDevice.objects.filter(pk=thief.pk).exists()
    assert KnownDevice.objects.filter(user=alice).count() == 1


def test_a_new_device_of_the_owners_makes_a_thiefs_a_stranger_all_the_same(owners, alice, rf):
    sign_in("alice").post(RESCUE)
    assert not is_known(owners, rf, alice)
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 1
    assert [one.facts for one in Entry.objects.filter(event=Event.DEVICE_FORGOTTEN.value)] == [
        {"devices": 1, "reason": "not_me"}
    ]


def test_what_had_not_been_known_for_long_is_forgotten_for_good(owners, alice):
    young, saying = sign_in("alice"), sign_in("alice")
    assert KnownDevice.objects.count() == 3
    saying.post(RESCUE)
    assert KnownDevice.objects.count() == 2
    assert not is_in(young)


def test_an_old_device_in_a_session_of_before_is_none_yet(owners, alice):
    """What counts is how long it was known when the session began."""
    saying = sign_in("alice")
    mine = KnownDevice.objects.latest("pk")
    KnownDevice.objects.filter(pk=mine.pk).update(created_at=mine.created_at - timedelta(days=6))
    saying.post(RESCUE)
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 1


def test_a_browser_that_a_letter_let_in_speaks_as_a_new_one(owners, alice):
    saying = sign_in("alice")
    mine = KnownDevice.objects.latest("pk")
    KnownDevice.objects.filter(pk=mine.pk).update(
        created_at=mine.created_at - timedelta(days=30),
        expires_at=mine.created_at + timedelta(hours=1),
    )
    saying.post(RESCUE)
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 1


def test_without_the_value_of_its_device_it_is_a_new_one(owners, alice):
    sign_in("alice", browser=owners)
    del owners.cookies["__Host-device"]
    owners.post(RESCUE)
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 1
