"""A counter that does not go on: there is a copy of the authenticator, and it is stopped."""

from __future__ import annotations

import pytest

from accounts.models import Session, User
from audit.events import Event
from mfa.models import Passkey
from tests.support import cast, passkey, second_steps
from tests.support.pages import text_of
from tests.support.passkey import STEP, Authenticator, security_key
from tests.support.race import outcome
from tests.support.trail import events_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

STOPPED = "403 That passkey was stopped"


@pytest.fixture
def device(alice) -> Authenticator:
    one = security_key()
    passkey.give(alice, one, name="Blue key")
    return one


def test_it_goes_on_with_each_use(alice, device):
    for number in (1, 2, 3):
        assert outcome(passkey.sign_in(Visitor(), device)) == "302 /accounts/"
        assert Passkey.objects.get().sign_count == number


def test_a_copy_is_stopped_with_all_it_opened_and_its_owner_told(alice, device, mailbox):
    elsewhere, owner = Visitor(), Visitor()
    passkey.sign_in(elsewhere, device)
    device.sign_count = 40
    passkey.sign_in(owner, device)
    device.sign_count = 1  # the copy has been used less
    assert outcome(passkey.sign_in(Visitor(), device)) == STOPPED
    held = Passkey.objects.get()
    assert not held.confirmed and held.sign_count == 41
    assert not Session.objects.filter(user=alice).exists()
    assert events_of(alice)[-1] == Event.FACTOR_STOPPED
    assert mailbox.kinds() == ["passkey_stopped"] and "Blue key" in mailbox.latest().text
    # Nor does the right one go on: nobody knows which it is.
    device.sign_count = 50
    assert outcome(passkey.sign_in(Visitor(), device)) == STOPPED
    assert mailbox.kinds() == ["passkey_stopped"]


def test_its_owner_gets_in_by_other_ways_and_sees_what_to_do(alice, device):
    second_steps.give_app(alice)
    Passkey.objects.update(confirmed=False)
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    page = text_of(browser.get(STEP))
    assert "authenticator app" in page
    right = {"method": "app", "code": second_steps.code_of(alice)}
    assert outcome(browser.post(STEP, right)) == "302 /accounts/"
    listed = text_of(browser.get(passkey.MANAGE))
    assert "Blue key Stopped" in listed and "Remove it and add a new one." in listed
    held = Passkey.objects.get()
    assert browser.post(f"{passkey.MANAGE}keys/{held.pk}/remove/").status_code == 302
    assert not Passkey.objects.exists()


@pytest.mark.parametrize("step", [passkey.second_step, passkey.step_up])
def test_it_is_seen_at_later_steps_too(alice, device, step):
    browser = Visitor()
    if step is passkey.second_step:
        second_steps.give_app(alice)
        browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    else:
        passkey.sign_in(browser, device)
    Passkey.objects.update(sign_count=100)
    assert outcome(step(browser, device)) == STOPPED
    assert not Passkey.objects.get().confirmed


def test_a_lower_counter_without_the_key_stops_nothing(alice, device):
    """Or anybody could stop the passkeys of others."""
    Passkey.objects.update(sign_count=100)
    forged = Authenticator(credential_id=device.credential_id, handle=device.handle)
    assert outcome(passkey.sign_in(Visitor(), forged)) == "302 /accounts/login/"
    assert Passkey.objects.get().confirmed


def test_one_that_had_a_counter_does_not_come_back_without(alice, device):
    Passkey.objects.update(sign_count=1)
    device.counts, device.sign_count = False, 0
    assert outcome(passkey.sign_in(Visitor(), device)) == STOPPED


def test_one_without_a_counter_stays_so(alice):
    device = Authenticator()
    passkey.give(alice, device)
    for _ in range(3):
        assert passkey.sign_in(Visitor(), device).status_code == 302
    assert Passkey.objects.get(aaguid=device.aaguid).sign_count == 0


def test_all_32_bits_of_it_are_borne(alice, device):
    device.sign_count = 2**32 - 2
    assert passkey.sign_in(Visitor(), device).status_code == 302
    assert Passkey.objects.get().sign_count == 2**32 - 1


def test_whether_it_is_synced_is_noted_anew(alice):
    device = Authenticator(is_synced=False)
    passkey.give(alice, device)
    device.is_synced = True
    passkey.sign_in(Visitor(), device)
    assert Passkey.objects.get().is_synced


def test_the_stop_comes_through_whatever_changed_meanwhile(alice, device):
    """The person was loaded before their credentials moved."""
    from django.test import RequestFactory

    from mfa.flows import passkey_proofs

    held = Passkey.objects.select_related("user").get()
    User.objects.update(credentials_version=alice.credentials_version + 7)
    request = RequestFactory().get("/")
    passkey_proofs._stop(request, held)
    assert not Passkey.objects.get().confirmed
