"""A deletion that an intruder asked for: a letter stops it to its last day, whether it is the letter of
the deletion or that of a change before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.flows import erasing
from accounts.known_devices import devices
from accounts.models import ChangeSet, KnownDevice, User
from audit.models import Entry
from tests.accounts.test_deletion import SET, ask, awaits
from tests.support import undoing
from tests.support.pages import text_of
from tests.support.undoing import (
    KEEP,
    LOGIN,
    THEIRS,
    UNDO,
    at_home,
    link_to,
    open_and_stop,
    put_back,
    sign_in,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
OLD, AWAITING, REAUTH = "alice@example.org", "/accounts/inactive/", "/accounts/reauthenticate/"
UNUSABLE = "This link cannot be used"


@pytest.fixture
def owners(alice: User) -> Visitor:
    """A browser that has been Alice's for a month."""
    return at_home(alice)


def erased() -> int:
    return erasing.erase_due(500)


def is_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


# --- its own letter -------------------------------------------------------------------------------


def test_an_old_address_gets_a_link_that_stops_it_to_the_last_day(owners, alice, mailbox, clock):
    assert ask(sign_in("alice")) == SET
    letter = mailbox.latest(OLD)
    assert "It works for 14 days." in " ".join(letter.text.split())
    clock.forward(days=13, hours=23)
    stopping = Visitor()
    stopping.get(letter.link)
    assert "Somebody asked for an account to be deleted." in text_of(stopping.get(UNDO))
    assert awaits()
    stopping.post(UNDO)
    assert not awaits()
    row = Entry.objects.get(event="account.deletion_cancelled")
    assert row.facts == {"how": "change_stopped"}
    assert Entry.objects.get(event="account.change_stopped").facts["kind"] == "deletion"
    assert "The deletion of your account was stopped." in mailbox.latest(OLD).text
    clock.forward(days=30)
    assert erased() == 0


def test_whoever_stopped_it_goes_on_as_after_any_change(owners, alice, clock):
    ask(sign_in("alice"))
    stopping = open_and_stop(link_to(OLD, "deletion"))
    refused = Visitor().post(LOGIN, {"login": "alice", "password": "wattle birds at the window"})
    assert refused.status_code == 200
    assert put_back(stopping)["Location"] == "/accounts/undo/done/"
    assert is_in(sign_in("alice", password=undoing.NEW))


def test_on_an_old_device_its_owner_opens_the_account_again(owners, alice):
    ask(sign_in("alice"))
    open_and_stop(link_to(OLD, "deletion"))
    sign_in("alice", browser=owners)
    assert is_in(owners)
    owners.post(KEEP)
    alice.refresh_from_db()
    assert alice.held_since is None and alice.deletion_due_at is None


def test_a_young_address_gets_the_link_to_sign_in(alice, mailbox):
    ask(sign_in("alice"))
    assert mailbox.latest(OLD).link == LOGIN


@pytest.mark.parametrize("by", ["person", "staff"])
def test_once_the_account_is_kept_the_letter_stops_nothing(owners, alice, ada, by):
    ask(sign_in("alice"))
    link = link_to(OLD, "deletion")
    if by == "person":
        sign_in("alice", browser=owners)
        owners.post(AWAITING)
    else:
        sign_in("ada").post(f"/admin/accounts/user/{alice.pk}/keep/", {"reason": "She called"})
    assert not awaits()
    assert UNUSABLE in text_of(Visitor().get(link))
    alice.refresh_from_db()
    assert alice.held_since is None


def test_the_link_is_over_with_the_deletion(owners, alice, clock):
    ask(sign_in("alice"))
    link = link_to(OLD, "deletion")
    clock.forward(days=14, minutes=1)
    assert UNUSABLE in text_of(Visitor().get(link))
    assert erased() == 1 and not User.objects.filter(username="alice").exists()


def test_whoever_froze_sign_ins_has_the_link_for_as_long(owners, alice, clock):
    User.objects.filter(pk=alice.pk).update(frozen_until=timezone.now() + timedelta(days=20))
    User.objects.filter(pk=alice.pk).update(frozen_until=None)
    here = sign_in("alice")
    User.objects.filter(pk=alice.pk).update(frozen_until=timezone.now() + timedelta(days=20))
    ask(here)
    clock.forward(days=33)
    open_and_stop(link_to(OLD, "deletion"))
    assert not awaits()


# --- letters of what was changed before -----------------------------------------------------------


def test_the_letter_of_an_earlier_change_stops_it_to_the_last_day_too(owners, alice, clock):
    intruder = sign_in("alice")
    undoing.change_password(intruder)
    link = link_to(OLD, "password_changed")
    clock.forward(days=6)
    assert ask(sign_in("alice", password=THEIRS)) == SET
    clock.forward(days=13)
    stopping = open_and_stop(link)
    assert not awaits()
    assert put_back(stopping)["Location"] == "/accounts/undo/done/"


def test_an_undo_of_the_deletion_takes_back_what_was_changed_before(owners, alice, clock):
    """The letter that lies on top is the last one."""
    intruder = sign_in("alice")
    undoing.take_over_the_address(intruder, "mallory@example.org")
    clock.forward(days=6)
    assert ask(sign_in("alice")) == SET
    clock.forward(days=10)
    put_back(open_and_stop(link_to(OLD, "deletion")))
    assert undoing.main_address(alice) == OLD


def test_without_a_deletion_an_earlier_change_is_over_in_time(owners, alice, clock):
    undoing.change_password(sign_in("alice"))
    link = link_to(OLD, "password_changed")
    clock.forward(days=7, minutes=1)
    assert UNUSABLE in text_of(Visitor().get(link))


def test_devices_that_were_set_aside_are_kept_for_a_hold_that_may_come(owners, alice, clock):
    undoing.change_password(sign_in("alice"))
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 1
    ask(sign_in("alice", password=THEIRS))
    clock.forward(days=12)
    devices.purge()
    open_and_stop(link_to(OLD, "password_changed"))
    assert is_in(sign_in("alice", password=THEIRS, browser=owners))


def test_the_days_that_were_kept_longer_go_with_the_account(owners, alice, clock):
    undoing.change_password(sign_in("alice"))
    ask(sign_in("alice", password=THEIRS))
    assert ChangeSet.objects.count() == 2
    clock.forward(days=14, minutes=1)
    assert erased() == 1 and not ChangeSet.objects.exists()
