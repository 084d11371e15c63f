"""A passkey as a second step of a sign-in or a reset, and as a fresh proof."""

from __future__ import annotations

import pytest

from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from mfa.models import Passkey
from tests.support import cast, passkey, second_steps
from tests.support.pages import errors_of, text_of
from tests.support.passkey import (
    BEGIN_STEP,
    BEGIN_STEP_UP,
    STEP,
    STEP_UP,
    Authenticator,
    security_key,
)
from tests.support.race import outcome
from tests.support.trail import events_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, EMAIL = "/accounts/login/", "/accounts/email/"
FAILED = "That passkey did not work here. Try again, or use another way."


@pytest.fixture
def device(alice) -> Authenticator:
    """Alice's, with two-step sign-in on."""
    one = Authenticator()
    passkey.give(alice, one)
    second_steps.give_codes(alice)
    User.objects.filter(pk=alice.pk).update(two_step_on=True)
    return one


def first_proof(browser: Visitor) -> Visitor:
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return browser


def at_home(device: Authenticator) -> Visitor:
    browser = Visitor()
    passkey.sign_in(browser, device)
    return browser


# --- second step ----------------------------------------------------------------------------------


def test_it_is_the_second_step_of_a_sign_in(client, alice, device):
    first_proof(client)
    page = client.get(STEP).content.decode()
    assert "Use your passkey or security key" in page
    assert "A passkey needs JavaScript. Try another way." in page
    assert client.get("/accounts/").status_code == 302
    assert outcome(passkey.second_step(client, device)) == "302 /accounts/"
    line = Entry.objects.filter(event=Event.SIGNED_IN).latest("pk")
    assert line.facts == {"method": "password", "second": "passkey"}


def test_the_question_is_to_ones_own_passkeys(client, alice, bob, device):
    passkey.give(bob, Authenticator())
    stopped = passkey.give(alice, Authenticator())
    Passkey.objects.filter(pk=stopped.pk).update(confirmed=False)
    first_proof(client)
    asked = passkey.begin(client, BEGIN_STEP)["publicKey"]
    assert [one["id"] for one in asked["allowCredentials"]] == [passkey.write(device.credential_id)]
    assert asked["userVerification"] == "preferred"


def test_a_plain_security_key_is_a_second_step_and_no_fresh_proof(client, alice, device):
    plain = security_key(verifies=False)
    passkey.give(alice, plain)
    first_proof(client)
    assert outcome(passkey.second_step(client, plain)) == "302 /accounts/"
    answer = passkey.step_up(client, plain)
    assert FAILED in errors_of(answer)


def test_it_finishes_a_reset(client, alice, device, mailbox):
    client.post("/accounts/password/reset/", {"login": "alice"})
    page = client.get(mailbox.latest().link)["Location"]
    assert outcome(client.get(page)) == f"302 {STEP}"
    assert outcome(passkey.second_step(client, device)) == f"302 {page}"
    line = Entry.objects.filter(event=Event.SECOND_STEP_PROVED).latest("pk")
    assert line.facts == {"method": "passkey", "on_the_way": "reset"}
    chosen = {
        "password1": "nine lanterns over the marsh",
        "password2": "nine lanterns over the marsh",
    }
    assert client.post(page, chosen)["Location"].endswith("/done/")


def test_the_passkey_of_somebody_else_is_wrong(client, bob, device):
    passkey.give(bob, other := Authenticator())
    first_proof(client)
    assert FAILED in errors_of(passkey.second_step(client, other))
    assert client.get("/accounts/").status_code == 302
    line = Entry.objects.filter(event=Event.SECOND_STEP_FAILED).latest("pk")
    assert line.facts == {"method": "passkey", "on_the_way": "sign_in"}


def test_five_wrong_ones_end_the_attempt_and_its_owner_hears_of_it(client, alice, device, mailbox):
    first_proof(client)
    forged = Authenticator(credential_id=device.credential_id)
    answers = [outcome(passkey.second_step(client, forged)) for _ in range(5)]
    assert answers[:4] == [f"200 {FAILED.partition('. ')[0]}."] * 4
    assert answers[4] == f"302 {LOGIN}"
    assert mailbox.kinds() == ["second_step_failed"]
    assert client.post(BEGIN_STEP).status_code == 403
    # The passkey itself is nobody's to stop.
    assert outcome(passkey.second_step(first_proof(Visitor()), device)) == "302 /accounts/"


def test_a_question_that_is_too_old_costs_nothing(client, device, clock):
    first_proof(client)
    asked = passkey.begin(client, BEGIN_STEP)
    clock.forward(seconds=301)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    answer = client.post(STEP, {"method": "passkey", "code": code})
    assert "That took too long." in errors_of(answer)
    assert not Entry.objects.filter(event=Event.SECOND_STEP_FAILED).exists()
    assert outcome(passkey.second_step(client, device)) == "302 /accounts/"


def test_there_is_no_question_without_a_first_proof(client, alice, device):
    answer = client.post(BEGIN_STEP)
    assert answer.status_code == 403 and answer.json()["location"] == LOGIN
    Passkey.objects.all().delete()
    assert first_proof(client).post(BEGIN_STEP).status_code == 409


def test_the_choice_says_that_it_needs_script(client, device):
    page = first_proof(client).get(f"{STEP}?choose=1").content.decode()
    assert "Needs JavaScript." in page
    other = client.get(f"{STEP}?method=recovery_code")
    assert "Enter a recovery code" in text_of(other)


def test_it_takes_few_statements(device, statements_of):
    passkey.second_step(first_proof(Visitor()), device)
    browser = first_proof(Visitor())
    asked = passkey.begin(browser, BEGIN_STEP)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    with statements_of() as made:
        assert browser.post(STEP, {"method": "passkey", "code": code}).status_code == 302
    assert made.count <= 18, made.kinds


# --- step-up --------------------------------------------------------------------------------------


def test_a_suspended_post_is_carried_through(alice, device, clock):
    browser = at_home(device)
    clock.forward(minutes=6)
    asked = browser.post(EMAIL, {"email": "spare@example.org"})["Location"]
    assert asked.startswith("/accounts/reauthenticate/?next=")
    assert outcome(passkey.step_up(browser, device, next=EMAIL)).startswith("302 /accounts/confirm")
    assert "spare@example.org" in text_of(browser.get(EMAIL))
    line = Entry.objects.filter(event=Event.REAUTHENTICATED).latest("pk")
    assert line.facts == {"method": "passkey"}


def test_whoever_has_no_password_proves_it_by_passkey(alice, device, clock):
    User.objects.filter(pk=alice.pk).update(password="!")
    browser = at_home(device)
    clock.forward(minutes=6)
    answer = browser.post(passkey.BEGIN_ADD)
    assert answer.json()["location"].startswith("/accounts/mfa/reauthenticate/?next=")
    assert "Use a passkey" in text_of(browser.get(answer.json()["location"]))
    back = passkey.step_up(browser, device, next=passkey.MANAGE)
    assert outcome(back) == f"302 {passkey.MANAGE}"
    assert browser.post(passkey.BEGIN_ADD).status_code == 200


def test_the_page_of_the_password_offers_the_passkey_first(alice, bob, device):
    page = at_home(device).get(f"/accounts/reauthenticate/?next={EMAIL}").content.decode()
    assert page.index("Use a passkey") < page.index("current-password")
    assert f'action="{STEP_UP}"' in page and page.count(f'name="next" value="{EMAIL}"') == 2
    other = Visitor()
    other.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    assert "Use a passkey" not in text_of(other.get("/accounts/reauthenticate/"))


def test_a_fresh_proof_must_check_who_holds_it(alice, device, clock):
    browser = at_home(device)
    clock.forward(minutes=6)
    device.verifies = False
    assert passkey.begin(browser, BEGIN_STEP_UP)["publicKey"]["userVerification"] == "required"
    assert FAILED in errors_of(passkey.step_up(browser, device, next=EMAIL))
    assert events_of(alice)[-1] == Event.REAUTHENTICATION_FAILED
    assert browser.post(passkey.BEGIN_ADD).status_code == 403


def test_wrong_ones_end_what_was_waiting(alice, device, clock):
    browser = at_home(device)
    clock.forward(minutes=6)
    browser.post(EMAIL, {"email": "spare@example.org"})
    forged = Authenticator(credential_id=device.credential_id)
    answers = [passkey.step_up(browser, forged, next=EMAIL) for _ in range(5)]
    assert outcome(answers[-1]) == "302 /accounts/"
    assert "nothing was changed" in text_of(browser.get("/accounts/"))
    assert Session.objects.filter(user=alice).exists()


def test_strangers_are_asked_to_sign_in(client):
    assert client.post(BEGIN_STEP_UP)["Location"].startswith(LOGIN)


def test_whoever_has_none_has_nothing_to_be_asked(client, alice):
    first_proof(client)
    assert client.post(BEGIN_STEP_UP).status_code == 409
