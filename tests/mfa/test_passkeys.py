"""Passkeys as their owner sees them: made, named, removed."""

from __future__ import annotations

import pytest

from accounts.models import Session, User
from audit.events import Event
from mfa.devices.passkey import MOST
from mfa.models import Passkey
from tests.support import cast, passkey, second_steps
from tests.support.pages import text_of
from tests.support.passkey import ADD, BEGIN_ADD, MANAGE, Authenticator, security_key
from tests.support.race import outcome
from tests.support.trail import events_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

READY = "Your passkey is ready. Save recovery codes to make it your second step."
LOGIN = "/accounts/login/"


@pytest.fixture
def at_home(client, alice) -> Visitor:
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return client


def test_the_question_asks_for_one_that_can_be_used_alone(at_home, alice):
    asked = passkey.begin(at_home, BEGIN_ADD)["publicKey"]
    assert asked["rp"] == {"id": "testserver", "name": "Northgate"}
    assert (asked["user"]["name"], asked["user"]["displayName"]) == (alice.email, "Alice Adams")
    assert asked["attestation"] == "none" and asked["timeout"] == 300_000
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert len(passkey.read(asked["challenge"])) == 32
    assert len(passkey.read(asked["user"]["id"])) == 64
    assert passkey.begin(at_home, BEGIN_ADD)["publicKey"]["challenge"] != asked["challenge"]


def test_from_nothing_to_one_that_has_a_name_by_itself(at_home, alice, mailbox):
    assert "No passkeys yet." in text_of(at_home.get(MANAGE))
    assert outcome(passkey.add(at_home, Authenticator())) == f"302 {MANAGE}"
    page = text_of(at_home.get(MANAGE))
    assert READY in page and "Save recovery codes" in page
    assert "iCloud Keychain" in page and "Synced with your password manager" in page
    assert "not used yet" in page
    held = Passkey.objects.get()
    assert (held.user, held.backup_state, held.discoverable) == (alice, True, True)
    alice.refresh_from_db()
    assert not alice.two_step_on  # one more way in, and no wall yet
    assert mailbox.kinds() == ["factor_changed"]
    assert "iCloud Keychain" in mailbox.latest().text
    assert events_of(alice)[-1] == Event.FACTOR_ADDED
    assert Session.objects.get(user=alice).proved[-1]["method"] == "passkey"


@pytest.mark.parametrize(
    ("device", "name", "where"),
    [
        (security_key(), "Security key", "On one device only"),
        (Authenticator(aaguid="00000000-0000-0000-0000-000000000000"), "Passkey", "Synced"),
        (Authenticator(aaguid="cb69481e-8ff7-4039-93ec-0a2729a154a8"), "YubiKey 5", "Synced"),
    ],
)
def test_a_name_says_what_it_is(at_home, device, name, where):
    passkey.add(at_home, device)
    page = text_of(at_home.get(MANAGE))
    assert name in page and where in page


def test_a_second_one_is_made_on_another_device(at_home):
    device = Authenticator()
    passkey.add(at_home, device)
    asked = passkey.begin(at_home, BEGIN_ADD)["publicKey"]
    assert [one["id"] for one in asked["excludeCredentials"]] == [
        passkey.write(device.credential_id)
    ]
    answer = passkey.add(at_home, device)
    assert outcome(answer) == f"302 {MANAGE}"
    assert "already has a passkey for you." in text_of(at_home.get(MANAGE))
    passkey.add(at_home, Authenticator())
    assert Passkey.objects.count() == 2


def test_one_that_is_in_another_account_proves_nothing_in_this_one(at_home, alice, bob):
    passkey.give(bob, device := Authenticator())
    passkey.add(at_home, device)
    assert "already has a passkey" in text_of(at_home.get(MANAGE))
    assert [one["method"] for one in Session.objects.get(user=alice).proved] == ["password"]
    assert not Passkey.objects.filter(user=alice).exists()


def test_nobody_has_more_than_ten(at_home, alice):
    for _ in range(MOST - 1):
        passkey.give(alice, Authenticator())
    asked = passkey.begin(at_home, BEGIN_ADD)
    passkey.give(alice, Authenticator())
    assert at_home.post(BEGIN_ADD).status_code == 409
    code = passkey.posted(asked, Authenticator().create(asked["publicKey"]))
    at_home.post(ADD, {"code": code})
    assert "You have 10 passkeys." in text_of(at_home.get(MANAGE))
    assert Passkey.objects.count() == MOST


def test_with_recovery_codes_it_is_the_second_step(at_home, alice):
    passkey.add(at_home, Authenticator())
    at_home.get("/accounts/mfa/recovery-codes/generate/")
    at_home.post("/accounts/mfa/recovery-codes/generate/", {"saved": "on"})
    alice.refresh_from_db()
    assert alice.two_step_on
    at_home.get(MANAGE)
    passkey.add(at_home, Authenticator())
    assert "Your passkey is ready." in text_of(at_home.get(MANAGE))


# --- a fresh proof --------------------------------------------------------------------------------


def test_a_question_without_a_fresh_proof_says_where_to_prove_it_and_leads_back(at_home, clock):
    clock.forward(minutes=6)
    answer = at_home.post(BEGIN_ADD)
    assert answer.status_code == 403
    assert (
        answer.json()["location"] == f"/accounts/reauthenticate/?next={MANAGE.replace('/', '%2F')}"
    )
    there = at_home.get(answer.json()["location"])
    assert "You are about to change your passkeys." in text_of(there)
    back = at_home.post("/accounts/reauthenticate/", {"password": cast.PASSWORD, "next": MANAGE})
    assert outcome(back) == f"302 {MANAGE}"
    assert at_home.post(BEGIN_ADD).status_code == 200


def test_nothing_is_made_renamed_or_removed_without_a_fresh_proof(at_home, alice, clock):
    held = passkey.give(alice, Authenticator())
    device = Authenticator()
    asked = passkey.begin(at_home, BEGIN_ADD)
    code = passkey.posted(asked, device.create(asked["publicKey"]))
    clock.forward(minutes=6)
    for path, data in (
        (ADD, {"code": code}),
        (f"{MANAGE}keys/{held.pk}/edit/", {"name": "Mine"}),
        (f"{MANAGE}keys/{held.pk}/remove/", {}),
    ):
        assert at_home.post(path, data)["Location"].startswith("/accounts/reauthenticate/"), path
    assert [one.name for one in Passkey.objects.all()] == [held.name]


def test_a_question_is_answered_403_to_whoever_is_signed_out(client):
    assert client.post(BEGIN_ADD)["Location"].startswith(LOGIN)
    assert client.get(MANAGE)["Location"].startswith(LOGIN)


# --- names and ends -------------------------------------------------------------------------------


def test_a_passkey_gets_another_name(at_home, alice):
    held = passkey.give(alice, Authenticator())
    edit = f"{MANAGE}keys/{held.pk}/edit/"
    assert 'value="iCloud Keychain"' in at_home.get(edit).content.decode()
    assert outcome(at_home.post(edit, {"name": " "})).startswith("200 Enter a name")
    assert outcome(at_home.post(edit, {"name": "x" * 65})).startswith("200 ")
    assert outcome(at_home.post(edit, {"name": "Großmutters Schlüssel"})) == f"302 {MANAGE}"
    held.refresh_from_db()
    assert held.name == "Großmutters Schlüssel"
    assert events_of(alice)[-1] == Event.FACTOR_RENAMED
    at_home.post(edit, {"name": "Großmutters Schlüssel"})
    assert events_of(alice).count(Event.FACTOR_RENAMED) == 1


def test_a_removed_passkey_is_gone_and_managers_are_told_which_stay(
    at_home, alice, mailbox, another_browser
):
    stays, goes = Authenticator(), Authenticator()
    passkey.give(alice, stays, name="Stays")
    held = passkey.give(alice, goes, name="Goes")
    elsewhere = another_browser()
    assert passkey.sign_in(elsewhere, goes).status_code == 302
    remove = f"{MANAGE}keys/{held.pk}/remove/"
    page = text_of(at_home.get(remove))
    assert "Remove Goes ?" in page and "You will not be able to sign in with it." in page
    assert outcome(at_home.post(remove)) == f"302 {MANAGE}"
    listed = at_home.get(MANAGE).content.decode()
    assert f'data-ids="{passkey.write(stays.credential_id)}"' in listed
    assert f'data-handle="{stays.handle}"' in listed
    assert mailbox.kinds()[-1] == "factor_changed" and "Goes" in mailbox.latest().text
    assert elsewhere.get("/accounts/").status_code == 302
    assert outcome(passkey.sign_in(Visitor(), goes)) == "403 That passkey cannot be used"


def test_the_last_that_policy_asks_for_stays(client, ada):
    """Staff must have one that is not sent."""
    second_steps.AuthenticatorApp.objects.filter(user=ada).delete()
    device = Authenticator()
    held = passkey.give(ada, device)
    passkey.sign_in(client, device)
    answer = client.post(f"{MANAGE}keys/{held.pk}/remove/")
    assert outcome(answer) == "409 Add another method first"
    assert Passkey.objects.filter(pk=held.pk).exists()


def test_nobody_touches_what_is_somebody_elses(at_home, bob):
    held = passkey.give(bob, Authenticator())
    for page in ("edit", "remove"):
        path = f"{MANAGE}keys/{held.pk}/{page}/"
        assert at_home.get(path).status_code == 404
        assert at_home.post(path, {"name": "Mine now"}).status_code == 404
    held.refresh_from_db()
    assert held.name == "iCloud Keychain"


def test_where_second_steps_are_off_none_is_made(at_home, settings):
    settings.POLICY_TWO_STEP = "off"
    assert at_home.post(BEGIN_ADD).status_code == 404
    assert at_home.get(ADD).status_code == 404
    assert "Add a passkey" not in text_of(at_home.get(MANAGE))


def test_the_card_says_how_many(at_home, alice):
    assert "Strongest" in text_of(at_home.get("/accounts/mfa/"))
    passkey.give(alice, Authenticator())
    assert "1 passkey" in text_of(at_home.get("/accounts/mfa/"))


def test_password_managers_find_the_pages(client):
    answer = client.get("/.well-known/passkey-endpoints")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    assert answer.json() == {
        "enroll": f"https://testserver{ADD}",
        "manage": f"https://testserver{MANAGE}",
    }
    policy = client.get(LOGIN)["Permissions-Policy"]
    assert "publickey" not in policy  # allowed for this site alone, as they are by default


def test_a_person_who_is_gone_leaves_nothing_behind(alice):
    passkey.give(alice, Authenticator())
    User.objects.get(pk=alice.pk).delete()
    assert not Passkey.objects.exists()
