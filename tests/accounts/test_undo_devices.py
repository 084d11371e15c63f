"""The owner's old devices while a change is stopped: let in, also where a rule made them strangers, and
with tries that nobody else uses up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.flows import undo as flow
from accounts.known_devices import devices
from accounts.models import ChangeSet, KnownDevice, Tally, User
from tests.support import cast, undoing
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.undoing import (
    KEEP,
    LOGIN,
    PASSWORD,
    THEIRS,
    UNDO,
    at_home,
    link_to,
    open_and_stop,
    sign_in,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
OLD = "alice@example.org"
HELD = "You cannot sign in here for now"


def is_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


def reset(browser: Visitor, mailbox) -> None:
    browser.post("/accounts/password/reset/", {"login": "alice"})
    page = browser.get(mailbox.latest(OLD).link)["Location"]
    browser.post(page, {"password1": THEIRS, "password2": THEIRS})


def change(browser: Visitor, mailbox) -> None:
    undoing.change_password(sign_in("alice", browser=browser))


# --- who is let in --------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [change, reset])
def test_a_new_password_takes_no_old_device_from_its_owner(owners, alice, mailbox, act):
    """The owner chose it on another device; whoever reads an old mailbox stops it."""
    act(Visitor(), mailbox)
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 1
    open_and_stop(link_to(OLD, "password_changed"))
    stranger = Visitor().post(LOGIN, {"login": "alice", "password": THEIRS})
    assert stranger.status_code == 403 and HELD in text_of(stranger)
    assert is_in(sign_in("alice", password=THEIRS, browser=owners))
    assert owners.post(KEEP)["Location"] == "/accounts/"
    alice.refresh_from_db()
    assert alice.held_since is None and devices.of_user(alice).count() == 1


def test_twenty_browsers_of_a_stranger_push_no_old_device_out(owners, alice):
    for _ in range(20):
        intruder = sign_in("alice")
    undoing.take_over_the_address(intruder, "mallory@example.org")
    assert devices.of_user(alice).count() == 20
    open_and_stop(link_to(OLD, "address_changed"))
    assert not is_in(sign_in("alice"))
    assert is_in(sign_in("alice", browser=owners))


def test_what_its_person_forgot_is_forgotten_for_a_hold_too(owners, alice):
    here = at_home(alice)
    sign_in("alice", browser=here)
    here.post("/accounts/sessions/", {"device": KnownDevice.objects.earliest("pk").pk})
    undoing.change_password(here)
    open_and_stop(link_to(OLD, "password_changed"))
    assert not is_in(sign_in("alice", password=THEIRS, browser=owners))
    assert is_in(sign_in("alice", password=THEIRS, browser=here))


def test_a_device_that_was_new_is_none_of_old_when_it_was_set_aside(owners, alice):
    new = sign_in("alice")
    undoing.change_password(sign_in("alice"))
    assert KnownDevice.objects.exclude(set_aside_at=None).count() == 2
    open_and_stop(link_to(OLD, "password_changed"))
    assert not is_in(sign_in("alice", password=THEIRS, browser=new))


def test_a_browser_that_an_unlock_letter_let_in_is_not_set_aside(owners, alice, mailbox):
    thief = Visitor()
    thief.post("/accounts/unlock/", {"login": OLD})
    thief.post("/accounts/unlock/code/", {"code": mailbox.latest(OLD).code})
    undoing.long_here(alice)  # as if it were an old one besides
    undoing.change_password(sign_in("alice"))
    open_and_stop(link_to(OLD, "password_changed"))
    assert not is_in(sign_in("alice", password=THEIRS, browser=thief))


def test_what_was_set_aside_buys_no_tries_at_a_sign_in(owners, alice, rf):
    request = rf.get(LOGIN)
    request.COOKIES["__Host-device"] = owners.cookies["__Host-device"].value
    assert devices.find_set_aside(request, alice) is None
    undoing.change_password(sign_in("alice"))
    assert devices.find(request, alice) is None and not devices.is_any(request)
    assert devices.find_set_aside(request, alice)


def test_it_is_remembered_while_a_change_can_be_stopped_and_as_long_as_one_is(owners, alice, clock):
    undoing.change_password(sign_in("alice"))
    aside = KnownDevice.objects.exclude(set_aside_at=None)
    clock.forward(days=6, hours=23)
    assert devices.purge() == 0 and aside.count() == 1
    User.objects.filter(pk=alice.pk).update(held_since=timezone.now())
    clock.forward(days=30)
    assert devices.purge() == 0 and aside.count() == 1
    User.objects.filter(pk=alice.pk).update(held_since=None)
    assert devices.purge() == 1 and not aside.exists()


def test_whoever_comes_in_again_is_as_old_as_before(owners, alice):
    undoing.change_password(sign_in("alice"))
    born = KnownDevice.objects.exclude(set_aside_at=None).get().created_at
    sign_in("alice", password=THEIRS, browser=owners)
    assert devices.of_user(alice).filter(created_at=born, expires_at=None).count() == 1


# --- tries ----------------------------------------------------------------------------------------


def from_elsewhere(number: int, link: str) -> Visitor:
    browser = Visitor(REMOTE_ADDR=f"203.0.{number}.7")
    browser.get(link)
    return browser


def test_a_thief_of_the_mailbox_uses_up_none_of_the_owners_tries(owners, intruder, alice, clock):
    link = link_to(OLD, "address_changed")
    open_and_stop(link)
    used = 0
    while used < flow.TRIES:
        for number in (1, 2):
            thief = from_elsewhere(number, link)
            while thief.post(UNDO, {"proof": "wrong"}).status_code == 200:
                used += 1
        clock.forward(hours=1, seconds=1)
    assert used == flow.TRIES
    stopped = from_elsewhere(3, link).post(UNDO, {"proof": cast.PASSWORD})
    assert stopped.status_code == 410
    assert "Open the link on a device that you have used for long" in text_of(stopped)
    owners.get(link)
    assert owners.post(UNDO, {"proof": cast.PASSWORD})["Location"] == PASSWORD


def test_an_hour_that_strangers_have_spent_does_not_wait_for_the_owner(owners, alice, clock):
    undoing.change_password(sign_in("alice"))  # which made the owner's device a stranger
    link = link_to(OLD, "password_changed")
    open_and_stop(link)
    for number in (1, 2):
        thief = from_elsewhere(number, link)
        while thief.post(UNDO, {"proof": "wrong"}).status_code == 200:
            pass
    owners.get(link)
    for _ in range(4):
        assert owners.post(UNDO, {"proof": "not it"}).status_code == 200
    assert owners.post(UNDO, {"proof": cast.PASSWORD})["Location"] == PASSWORD


def test_old_devices_have_as_many_and_leave_strangers_theirs(owners, intruder, alice, clock):
    link = link_to(OLD, "address_changed")
    open_and_stop(link)
    ChangeSet.objects.update(known_tries=flow.TRIES)
    owners.get(link)
    assert owners.post(UNDO, {"proof": cast.PASSWORD}).status_code == 410
    stranger = from_elsewhere(1, link)
    assert stranger.post(UNDO, {"proof": cast.PASSWORD})["Location"] == PASSWORD


def test_a_new_device_of_the_intruder_spends_the_tries_of_strangers(owners, intruder, alice):
    link = link_to(OLD, "address_changed")
    intruder.get(link)
    intruder.post(UNDO)
    intruder.get(link)
    intruder.post(UNDO, {"proof": "wrong"})
    assert set(ChangeSet.objects.values_list("tries", "known_tries")) == {(1, 0)}


def test_all_links_of_an_account_share_the_tries(owners, intruder, alice, clock):
    links = [one.link for one in undoing.Mailbox().all(OLD) if one.kind == "address_changed"]
    assert len(links) == 2
    for link in links:
        open_and_stop(link)
    ChangeSet.objects.filter(pk=ChangeSet.objects.earliest("pk").pk).update(tries=flow.TRIES)
    for number, link in enumerate(links):
        answer = from_elsewhere(number, link).post(UNDO, {"proof": cast.PASSWORD})
        assert answer.status_code == 410


@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_once_no_more_are_compared_than_there_are(owners, intruder, alice):
    link = link_to(OLD, "address_changed")
    open_and_stop(link)
    ChangeSet.objects.update(tries=flow.TRIES - 1)
    thieves = [from_elsewhere(number, link) for number in range(4)]
    told = race(lambda n: thieves[n].post(UNDO, {"proof": "wrong"}).status_code, 4)
    assert told.count(200) == 1 and told.count(410) == 3
    first = ChangeSet.objects.earliest("pk")
    assert first.tries == flow.TRIES and first.created_at > timezone.now() - timedelta(days=1)
    assert Tally.objects.filter(budget="undo_proofs").exists()


def test_a_strangers_browser_does_not_grow_old_by_changing_things(owners, alice, clock):
    intruder = sign_in("alice")
    clock.forward(days=1)
    undoing.take_over_the_address(sign_in("alice", browser=intruder), "mallory@example.org")
    clock.forward(days=6, hours=1)
    undoing.change_password(sign_in("alice", browser=intruder))
    open_and_stop(link_to(OLD, "password_changed"))
    sign_in("alice", password=THEIRS, browser=intruder)
    assert not is_in(intruder)


def test_the_tries_outlast_the_change_they_were_counted_for(owners, alice, clock):
    undoing.take_over_the_address(sign_in("alice"), "mallory@example.org")
    clock.forward(days=1)
    undoing.change_password(sign_in("alice"))
    link = link_to(OLD, "password_changed")
    open_and_stop(link)
    ChangeSet.objects.filter(kind="address").update(tries=flow.TRIES - 1)
    ChangeSet.objects.filter(kind="password").update(tries=flow.TRIES - 1)
    assert from_elsewhere(1, link).post(UNDO, {"proof": "wrong"}).status_code == 200
    clock.forward(days=6, hours=1)
    assert from_elsewhere(2, link).post(UNDO, {"proof": cast.PASSWORD}).status_code == 410
