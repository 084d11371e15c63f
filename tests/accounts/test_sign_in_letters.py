"""Whoever signs in on a new device, or guesses until they have to wait, is told of to the owner."""

from __future__ import annotations

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError
from django.db.models.signals import post_save

from accounts.models import KnownDevice, LetterRecord, OutgoingMail, Session
from tests.accounts.test_lockout import guess_often
from tests.accounts.test_sign_in import sign_in
from tests.accounts.test_sign_up import CONFIRM, sign_up
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

WRONG = "a wrong guess of some length"
UNLOCK = "/accounts/unlock/"


def told(mailbox, kind: str) -> list[str]:
    return [letter.to for letter in mailbox.every() if letter.kind == kind]


new_devices = partial(told, kind="new_device")
failures = partial(told, kind="failed_tries")


# --- A new device ---------------------------------------------------------------------------------


def test_a_sign_in_on_a_new_device_is_told_to_all_confirmed_addresses(client, alice, mailbox):
    EmailAddress.objects.create(user=alice, email="a2@example.org", verified=True)
    EmailAddress.objects.create(user=alice, email="a3@example.org", verified=False)
    sign_in(client)
    assert new_devices(mailbox) == [alice.email, "a2@example.org"]
    letter = mailbox.every()[-1]
    assert letter.subject == "New sign-in to your Northgate account"
    assert letter.link == "/accounts/sessions/"
    for fact in ("Firefox on Linux", "Password", "(UTC)"):
        assert fact in letter.text
    assert (
        LetterRecord.objects.filter(letter="new_device", subject_id=alice.subject_id).count() == 2
    )


def test_it_is_told_in_the_persons_zone(client, alice, mailbox):
    alice.time_zone = "America/New_York"
    alice.save()
    sign_in(client)
    assert "(New York)" in mailbox.every()[-1].text


def test_on_a_known_device_nothing_is_told(client, alice, mailbox):
    for _ in range(3):
        sign_in(client)
        client.post("/accounts/logout/")
    assert len(new_devices(mailbox)) == 1


def test_a_browser_that_is_known_for_somebody_else_is_new(client, alice, bob, mailbox):
    sign_in(client, "bob")
    client.post("/accounts/logout/")
    sign_in(client)
    assert new_devices(mailbox) == [bob.email, alice.email]


def test_the_same_network_does_not_make_a_browser_known(client, alice, mailbox):
    sign_in(client)
    sign_in(Visitor())
    assert len(new_devices(mailbox)) == 2


def test_a_browser_that_a_letter_let_in_for_minutes_is_told_of(client, alice, mailbox):
    browser = Visitor()
    browser.post(UNLOCK, {"login": "alice"})
    browser.post(UNLOCK + "code/", {"code": mailbox.latest().code})
    assert KnownDevice.objects.get().expires_at is not None
    sign_in(browser)
    assert new_devices(mailbox) == [alice.email]
    browser.post("/accounts/logout/")
    sign_in(browser)
    assert new_devices(mailbox) == [alice.email]


def test_the_sign_up_itself_is_not_told_of_and_the_next_new_browser_is(client, mailbox):
    sign_up(client)
    client.post(CONFIRM, {"code": mailbox.latest().code})
    assert Session.objects.exclude(user=None).count() == 1 and new_devices(mailbox) == []
    client.post("/accounts/logout/")
    sign_in(client, "sam@example.org", "nine lanterns over the marsh")
    assert new_devices(mailbox) == []
    sign_in(Visitor(), "sam@example.org", "nine lanterns over the marsh")
    assert new_devices(mailbox) == ["sam@example.org"]


def test_a_sign_in_that_waits_for_its_second_step_is_not_told_of_yet(ada, mailbox):
    browser = Visitor(at_hand=False)
    sign_in(browser, "ada")
    assert new_devices(mailbox) == []
    sign_in(Visitor(), "ada")
    assert new_devices(mailbox) == [ada.email]
    assert "Password and app code" in mailbox.every()[-1].text


def test_sign_in_and_letter_stand_or_fall_together(client, alice, mailbox):
    """A letter that cannot be written: its sign-in does not happen either."""

    def fails(**_facts):
        raise DatabaseError

    client.raise_request_exception = False
    post_save.connect(fails, sender=LetterRecord)
    try:
        assert sign_in(client).status_code == 500
    finally:
        post_save.disconnect(fails, sender=LetterRecord)
    assert mailbox.every() == [] and not Session.objects.exclude(user=None).exists()
    assert sign_in(client).status_code == 302 and new_devices(mailbox) == [alice.email]


@pytest.mark.django_db(transaction=True)
def test_each_of_ten_new_browsers_at_once_is_told_of(alice, mailbox):
    outcomes = race(lambda number: str(sign_in(Visitor()).status_code), 10)
    entered = outcomes.count("302")
    assert entered and len(new_devices(mailbox)) == entered


# --- Too many failures ----------------------------------------------------------------------------


@pytest.fixture
def no_pauses(settings):
    settings.BOT_CHECK = "off"
    settings.POLICY_FREE_FAILURES = 1000


def test_the_last_guess_before_a_wait_is_told_of_and_none_before(no_pauses, alice, mailbox):
    EmailAddress.objects.create(user=alice, email="a2@example.org", verified=True)
    guess_often(9)
    assert mailbox.all() == []
    guess_often(1)
    assert failures(mailbox) == [alice.email]
    guess_often(5)
    assert len(mailbox.all()) == 1
    letter = mailbox.latest()
    assert "They had your password" not in letter.text and "got nothing right" in letter.text
    assert letter.link == "/accounts/password/reset/" and "192.0.2.1" in letter.text


def test_strangers_cannot_fill_a_mailbox_by_guessing(no_pauses, alice, mailbox, clock):
    for network in range(4):
        guess_often(10, ip=f"192.0.2.{network}")
    assert failures(mailbox) == [alice.email]
    clock.forward(hours=24, seconds=1)
    guess_often(10, ip="192.0.2.200")
    assert failures(mailbox) == [alice.email] * 2


def test_a_name_that_nobody_has_costs_the_same_and_nobody_is_written_to(
    no_pauses, alice, bob, mailbox, statements_of
):
    sign_in(Visitor(), "alice")  # whoever has an account was named in the trail before
    guess_often(9, name="alice")
    guess_often(9, name="nobody@example.org")
    kinds = []
    for name in ("alice", "nobody@example.org"):
        with statements_of() as statements:
            guess_often(1, name=name)
        kinds.append(statements.kinds)
    assert kinds[0] == kinds[1]
    assert failures(mailbox) == [alice.email] and len(mailbox.all()) == 1
    assert OutgoingMail.objects.filter(letter="failed_tries", state="unwanted").count() == 1
    assert (
        not LetterRecord.objects.exclude(subject_id=alice.subject_id).filter(wanted=True).exists()
    )


def test_wrong_passwords_inside_a_session_say_that_somebody_is_in(no_pauses, alice, mailbox):
    browser = Visitor()
    sign_in(browser)
    while browser.post("/accounts/reauthenticate/", {"password": WRONG}).status_code == 200:
        assert failures(mailbox) in ([], [alice.email])
    assert failures(mailbox) == [alice.email]
    assert "is signed in to your account" in mailbox.latest().text


def test_guesses_at_sign_in_codes_are_told_of_too(no_pauses, settings, alice, mailbox):
    settings.POLICY_SIGN_IN_BY_CODE = True
    for _ in range(10):
        browser = Visitor()
        browser.post("/accounts/login/code/", {"login": "alice"})
        browser.post("/accounts/login/code/confirm/", {"code": "BBBB-BBBB"})
    assert failures(mailbox) == [alice.email]
