"""The link in the letter about a change stops it, and nothing more; with a proof from before it,
everything is put back. Whoever reads an old mailbox gains nothing by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import ChangeSet, KnownDevice, Phone, Session
from accounts.models.phone import row_of
from accounts.undo import parts, sets
from audit.models import Entry
from tests.support import cast, undoing
from tests.support.mailbox import Mailbox
from tests.support.pages import errors_of, text_of
from tests.support.undoing import (
    DONE,
    EMAIL,
    KEEP,
    LOGIN,
    NEW,
    PASSWORD,
    THEIRS,
    UNDO,
    link_to,
    main_address,
    open_and_stop,
    put_back,
    sign_in,
    take_over_the_address,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

OLD, STOLEN = "alice@example.org", "mallory@example.org"
HELD = "You cannot sign in here for now"


def test_an_intruder_is_reported_stopped_and_undone(owners, intruder, alice, mailbox, clock):
    link = link_to(OLD, "address_changed")
    assert main_address(alice) == STOLEN
    owner = open_and_stop(link)
    assert not Session.objects.filter(user=alice).exists()
    assert intruder.get("/accounts/").status_code == 302
    refused = intruder.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert refused.status_code == 403 and HELD in text_of(refused)
    assert HELD in text_of(Visitor().post(LOGIN, {"login": STOLEN, "password": cast.PASSWORD}))
    assert not Session.objects.filter(user=alice).exists()
    answer = put_back(owner)
    assert answer["Location"] == DONE and "Everything is put back" in text_of(owner.get(DONE))
    assert main_address(alice) == OLD
    assert not EmailAddress.objects.filter(email=STOLEN).exists()
    assert not KnownDevice.objects.filter(user=alice).exists()
    assert sign_in("alice").get("/accounts/").status_code == 302  # the old password is no password
    assert sign_in(OLD, password=NEW).get("/accounts/").status_code == 200
    assert mailbox.kinds(OLD)[-2:] == ["change_stopped", "change_undone"]
    assert "change_undone" not in mailbox.kinds(STOLEN)
    row = Entry.objects.get(event="account.change_undone")
    assert row.facts == {"kinds": ["address"], "sessions": 0} and row.subject_id == alice.subject_id


def test_an_intruder_who_changed_the_password_too_is_undone_by_the_password_before(
    owners, alice, clock
):
    intruder = sign_in("alice")
    undoing.change_password(intruder)
    link = link_to(OLD, "password_changed")
    take_over_the_address(intruder, STOLEN)
    owner = open_and_stop(link)
    assert "That is not right" in errors_of(owner.post(UNDO, {"proof": THEIRS}))
    put_back(owner)
    assert main_address(alice) == OLD
    for password, status in ((THEIRS, 302), (cast.PASSWORD, 302), (NEW, 200)):
        assert sign_in(OLD, password=password).get("/accounts/").status_code == status, password


def test_a_thief_of_an_old_mailbox_gains_nothing_and_the_owner_goes_on(
    owners, alice, mailbox, clock
):
    """The owner has moved; somebody else reads the mailbox of before."""
    sign_in("alice", browser=owners)
    take_over_the_address(owners, "moved@example.org")
    thief = open_and_stop(link_to(OLD, "address_changed"))
    for guess in ("", "123456", OLD, "moved@example.org", cast.PASSWORD[:-1]):
        answer = thief.post(UNDO, {"proof": guess})
        assert answer.status_code in (200, 429) and not Session.objects.filter(user=alice).exists()
    assert thief.get(PASSWORD)["Location"] == UNDO
    for name in (OLD, "moved@example.org", "alice"):
        thief.post("/accounts/password/reset/", {"login": name})
    assert "reset_password" not in mailbox.kinds()
    assert main_address(alice) == "moved@example.org"
    sign_in("alice", browser=owners)
    page = owners.get("/accounts/")
    assert "A change to your account was stopped." in text_of(page)
    assert owners.post(KEEP)["Location"] == "/accounts/"
    alice.refresh_from_db()
    assert alice.held_since is None and alice.email == "moved@example.org"
    assert sign_in("alice").get("/accounts/").status_code == 200
    told = mailbox.kinds("moved@example.org")
    assert "change_stopped" in told and told[-1] == "change_kept"
    assert Entry.objects.get(event="account.change_kept").facts["kinds"] == ["address"]
    assert thief.get(UNDO).status_code == 410


def test_opening_the_link_changes_nothing(intruder, alice):
    link = link_to(OLD, "address_changed")
    alice.refresh_from_db()
    before = (
        alice.__dict__ | {"_state": 0},
        Session.objects.filter(user=alice).count(),
        Entry.objects.count(),
    )
    browser = Visitor()
    assert browser.get(link)["Location"] == UNDO
    page = browser.get(UNDO)
    assert "Stop this change?" in text_of(page) and OLD not in page.content.decode()
    alice.refresh_from_db()
    assert before == (
        alice.__dict__ | {"_state": 0},
        Session.objects.filter(user=alice).count(),
        Entry.objects.count(),
    )


def test_only_addresses_that_were_there_long_before_get_the_link(owners, intruder, alice, mailbox):
    told = [one for one in mailbox.all() if one.kind == "address_changed"]
    with_link = {one.to for one in told if "/accounts/undo/" in one.text}
    assert with_link == {OLD} and {one.to for one in told} == {OLD, STOLEN}
    assert "Stop this change" in next(one.html for one in told if one.to == OLD)


def test_nobody_new_gets_one_at_all(client, mailbox):
    young = cast.person("young")
    undoing.change_password(sign_in("young"))
    letter = mailbox.latest(young.email)
    assert letter.kind == "password_changed" and "/accounts/undo/" not in letter.text


def test_a_new_address_cannot_remove_an_old_one_until_the_window_closes(intruder, alice, clock):
    answer = intruder.post(EMAIL, {"action": "remove", "email": OLD}, follow=True)
    assert "Your addresses were changed lately." in text_of(answer)
    assert EmailAddress.objects.filter(user=alice, email=OLD).exists()
    clock.forward(days=7, minutes=1)
    browser = sign_in("alice")
    browser.post(EMAIL, {"action": "remove", "email": OLD})
    assert not EmailAddress.objects.filter(user=alice, email=OLD).exists()


def test_nothing_else_is_changed_while_it_is_stopped(owners, intruder, alice, mailbox):
    open_and_stop(link_to(OLD, "address_changed"))
    sign_in("alice", browser=owners)
    refused = undoing.change_password(owners)
    assert refused.status_code == 409 and "Nothing was changed" in text_of(refused)
    assert owners.post(EMAIL, {"action": "main", "email": OLD}).status_code == 409
    assert main_address(alice) == STOLEN
    assert not alice.check_password(THEIRS) and alice.check_password(cast.PASSWORD)


def test_a_device_known_a_short_while_before_is_a_stranger_and_an_old_one_is_not(owners, alice):
    other = sign_in("alice")
    take_over_the_address(other, STOLEN)
    open_and_stop(link_to(OLD, "address_changed"))
    assert KnownDevice.objects.filter(user=alice).count() == 1
    assert sign_in("alice", browser=owners).get("/accounts/").status_code == 200
    assert sign_in("alice", browser=other).get("/accounts/").status_code == 302


def test_undoing_an_earlier_change_undoes_later_ones_of_other_sessions(owners, alice, clock):
    take_over_the_address(sign_in("alice"), STOLEN)
    link = next(one.link for one in Mailbox().all(OLD) if one.kind == "address_changed")
    clock.forward(minutes=1)
    intruder = sign_in("alice")
    intruder.post(EMAIL, {"email": "more@example.org"})
    intruder.post("/accounts/confirm-email/", {"code": Mailbox().latest("more@example.org").code})
    put_back(open_and_stop(link))
    assert set(EmailAddress.objects.filter(user=alice).values_list("email", flat=True)) == {OLD}
    assert not sets.alive().filter(user=alice).exists()


def test_the_letter_that_lies_on_top_undoes_what_came_before_it_too(owners, alice, clock):
    """The intruder signs out and in between, and the owner opens the newest letter."""
    take_over_the_address(sign_in("alice"), STOLEN)
    clock.forward(minutes=10)
    undoing.change_password(sign_in("alice"), THEIRS)
    put_back(open_and_stop(link_to(OLD, "password_changed")))
    assert main_address(alice) == OLD
    assert not EmailAddress.objects.filter(email=STOLEN).exists()
    assert not sets.alive().filter(user=alice).exists()


def test_an_address_that_somebody_else_proved_meanwhile_stays_theirs(owners, alice, clock):
    sign_in("alice", browser=owners)
    take_over_the_address(owners, "moved@example.org")
    clock.forward(minutes=1)
    link = link_to(OLD, "address_changed")
    browser = open_and_stop(link)
    EmailAddress.objects.filter(email=OLD).delete()
    cast.person("late", email=OLD)
    put_back(browser)
    assert main_address(alice) == "moved@example.org"
    assert EmailAddress.objects.get(email=OLD).user.username == "late"


def test_it_works_for_seven_days_and_then_what_was_before_is_gone(intruder, alice, clock):
    link = link_to(OLD, "address_changed")
    clock.forward(days=7, seconds=1)
    assert Visitor().get(link).status_code == 410
    assert sets.purge() == 2 and not ChangeSet.objects.exists()


def test_staff_are_told_where_there_is_an_address_for_it(intruder, alice, mailbox, settings):
    settings.SUPPORT_EMAIL = "desk@example.org"
    open_and_stop(link_to(OLD, "address_changed"))
    letter = mailbox.latest("desk@example.org")
    assert letter.kind == "change_stopped_for_staff" and "alice" in letter.text


def test_addresses_are_aged_by_when_they_were_confirmed(owners, alice, clock):
    sign_in("alice", browser=owners)
    take_over_the_address(owners, "moved@example.org")
    assert sets.aged(alice) == [OLD]
    clock.forward(days=7, seconds=1)
    assert set(sets.aged(alice)) == {OLD, "moved@example.org"}
    assert sets.aged(alice, at=timezone.now() - timedelta(days=1)) == [OLD]


def test_what_does_not_open_is_stopped_all_the_same(owners, intruder, alice):
    link = link_to(OLD, "address_changed")
    ChangeSet.objects.update(former="t1:nothing")
    open_and_stop(link)
    alice.refresh_from_db()
    assert alice.held_since


def test_a_number_that_does_not_open_stays_as_it_is_and_stops_no_change(alice):
    row_of(alice.pk, "+447400123456").save()
    Phone.objects.filter(user=alice).update(number="t1:nothing")
    former = sets.begin(alice, "password").former["phone"]
    assert former == {}
    parts.every()["phone"].put_back(alice, former)
    assert Phone.objects.get(user=alice).number == "t1:nothing"
