"""A passkey alone signs in, by the one road, and stands for both steps."""

from __future__ import annotations

import pytest
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.signals import authentication_step_completed
from django.db.models import F
from django.utils import timezone

from accounts.lockout import limits
from accounts.models import KnownDevice, Session, Tally, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast, passkey, second_steps
from tests.support.pages import text_of
from tests.support.passkey import BEGIN_SIGN_IN, SIGN_IN, Authenticator, security_key
from tests.support.race import outcome
from tests.support.trail import events_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
UNKNOWN = "That passkey is no longer linked to an account here."
UNUSED = "That passkey did not work. Try again, or sign in another way."


@pytest.fixture
def device(alice) -> Authenticator:
    one = Authenticator()
    passkey.give(alice, one)
    return one


def last_failure() -> dict:
    return dict(Entry.objects.filter(event=Event.SIGN_IN_FAILED).latest("pk").facts)


def test_it_signs_in_and_nothing_else_is_asked(client, alice, device):
    second_steps.give_app(alice)
    assert outcome(passkey.sign_in(client, device)) == "302 /accounts/"
    assert client.get("/accounts/").status_code == 200
    row = Session.objects.get(user=alice)
    assert [one["method"] for one in row.proved] == ["passkey"]
    line = Entry.objects.filter(event=Event.SIGNED_IN).latest("pk")
    assert line.facts == {"method": "passkey"}
    held = alice.passkey_set.get()
    assert held.last_used_on == "Linux" and held.last_used_at is not None
    # It is a fresh proof too.
    assert client.post(passkey.BEGIN_ADD).status_code == 200


def test_the_question_names_nobody_and_wants_whoever_holds_it_checked(client, device):
    asked = passkey.begin(client, BEGIN_SIGN_IN)["publicKey"]
    assert asked["allowCredentials"] == [] and asked["rpId"] == "testserver"
    assert asked["userVerification"] == "required"
    assert len(passkey.read(asked["challenge"])) == 32


def test_it_leads_to_where_somebody_wanted_to_go_and_nowhere_else(device):
    for wanted, where in (
        ("/accounts/profile/", "/accounts/profile/"),
        ("//evil.example/", "/accounts/"),
    ):
        assert outcome(passkey.sign_in(Visitor(), device, next=wanted)) == f"302 {where}"


def test_somebody_signed_in_is_not_signed_in_again(client, alice, bob, device):
    client.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    asked = passkey.begin(client, BEGIN_SIGN_IN)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    assert outcome(client.post(SIGN_IN, {"code": code})) == "302 /accounts/"
    assert Session.objects.filter(user=bob).exists()
    assert not Session.objects.filter(user=alice).exists()


def test_another_sign_in_that_waits_for_its_second_step_is_over(client, bob, device):
    second_steps.give_app(bob)
    client.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})
    assert outcome(passkey.sign_in(client, device)) == "302 /accounts/"
    assert "Alice" in text_of(client.get("/accounts/"))
    assert LOGIN_SESSION_KEY not in client.session
    client.post("/accounts/logout/")
    assert client.get("/accounts/mfa/authenticate/")["Location"] == LOGIN


def test_the_session_gets_a_new_key(client, device):
    passkey.begin(client, BEGIN_SIGN_IN)
    before = client.cookies["__Host-session"].value
    passkey.sign_in(client, device)
    assert client.cookies["__Host-session"].value != before


def test_it_stays_open_while_passwords_are_locked_and_opens_them_again(alice, device):
    thief = Visitor()
    for _ in range(5):
        thief.post(LOGIN, {"login": "alice", "password": "not hers at all, really"})
    assert Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD}).status_code == 429
    assert outcome(passkey.sign_in(Visitor(), device)) == "302 /accounts/"
    assert not Tally.objects.filter(budget=limits.STRANGERS, count__gt=0).exists()


def test_a_password_that_must_be_changed_is_changed_first(client, alice, device):
    User.objects.update(password_must_change=timezone.now())
    assert outcome(passkey.sign_in(client, device)) == "302 /accounts/password/required/"
    assert client.get("/accounts/")["Location"].startswith(LOGIN)


def test_whoever_has_no_password_gets_in(client, device):
    User.objects.update(password="!")
    assert outcome(passkey.sign_in(client, device)) == "302 /accounts/"


# --- refused --------------------------------------------------------------------------------------


def test_whoever_is_switched_off_hears_what_an_unknown_passkey_does_and_gets_one_letter(
    alice, device, mailbox
):
    User.objects.update(is_active=False)
    answers = [passkey.sign_in(Visitor(), device) for _ in range(2)]
    answers.append(passkey.sign_in(Visitor(), Authenticator(handle=device.handle)))
    assert {outcome(answer) for answer in answers} == {"403 That passkey cannot be used"}
    assert all(UNKNOWN in text_of(answer) for answer in answers)
    assert mailbox.kinds() == ["switched_off"]
    assert events_of(alice) == [Event.SIGN_IN_FAILED] * 2
    # What its owner may need again is not dropped from their password manager.
    assert ["data-unknown" in answer.content.decode() for answer in answers] == [False, False, True]
    assert not Session.objects.filter(user=alice).exists()


def test_managers_are_told_to_drop_what_nobody_has(client):
    stray = Authenticator(handle=passkey.write(b"x" * 64))
    page = passkey.sign_in(client, stray).content.decode()
    assert f'data-unknown="{passkey.write(stray.credential_id)}"' in page
    assert 'data-site="testserver"' in page
    assert last_failure() == {"reason": "unknown_passkey"}


def test_without_checking_who_holds_it_a_key_is_no_sign_in(client, alice):
    device = security_key(verifies=False)
    passkey.give(alice, device)
    assert outcome(passkey.sign_in(client, device)) == f"302 {LOGIN}"
    assert UNUSED in text_of(client.get(LOGIN))
    assert last_failure() == {"reason": "wrong_passkey"}
    assert not Session.objects.filter(user=alice).exists()


@pytest.mark.parametrize("handle", [None, "", "####", passkey.write(b"x" * 64)])
def test_it_must_name_its_owner(client, device, handle):
    assert outcome(passkey.sign_in(client, device, userHandle=handle)) == f"302 {LOGIN}"


def test_the_handle_of_somebody_else_does_not_make_it_theirs(client, alice, bob, device):
    passkey.give(bob, other := Authenticator())
    assert outcome(passkey.sign_in(client, device, userHandle=other.handle)) == f"302 {LOGIN}"
    assert not Session.objects.exclude(user=None).exists()


def test_a_failure_counts_for_the_network_and_never_for_the_password(alice, device):
    other = Authenticator(credential_id=device.credential_id, handle=device.handle)
    for _ in range(4):
        passkey.sign_in(Visitor(), other)
    counts = dict(Tally.objects.filter(count__gt=0).values_list("budget", "count"))
    assert limits.STRANGERS not in counts and limits.KNOWN_DEVICES not in counts
    assert counts[limits.NETWORK] == counts["passkeys"] == 4
    assert Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD}).status_code == 302


def test_tries_of_one_network_end_and_the_owners_known_device_goes_on(alice, device, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    at_home = Visitor()
    passkey.sign_in(at_home, device)
    at_home.post("/accounts/logout/")
    assert KnownDevice.objects.exists()
    for _ in range(10):
        passkey.sign_in(Visitor(), Authenticator(handle=device.handle))
    closed = passkey.sign_in(Visitor(), device)
    assert closed.status_code == 429 and int(closed["Retry-After"]) >= 1
    assert outcome(passkey.sign_in(at_home, device)) == "302 /accounts/"


def test_signing_in_costs_no_tries(device, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    for _ in range(12):
        assert passkey.sign_in(Visitor(), device).status_code == 302


def test_what_changed_between_the_proof_and_the_session_ends_it(client, alice, device):
    def moves(**kwargs):
        User.objects.update(credentials_version=F("credentials_version") + 1)

    authentication_step_completed.connect(moves)
    try:
        assert passkey.sign_in(client, device).status_code == 409
    finally:
        authentication_step_completed.disconnect(moves)
    assert not Session.objects.filter(user=alice).exists()


def test_a_question_is_good_for_five_minutes(client, device, clock):
    for seconds, where in ((290, "302 /accounts/"), (301, f"302 {LOGIN}")):
        browser = Visitor()
        asked = passkey.begin(browser, BEGIN_SIGN_IN)
        code = passkey.posted(asked, device.get(asked["publicKey"]))
        clock.forward(seconds=seconds)
        assert outcome(browser.post(SIGN_IN, {"code": code})) == where
    assert "That took too long." in text_of(browser.get(LOGIN))


def test_it_costs_few_statements(device, statements_of):
    passkey.sign_in(Visitor(), device)
    browser = Visitor()
    asked = passkey.begin(browser, BEGIN_SIGN_IN)
    code = passkey.posted(asked, device.get(asked["publicKey"]))
    with statements_of() as made:
        assert browser.post(SIGN_IN, {"code": code}).status_code == 302
    assert made.count <= 22, made.kinds
