"""The slow lane from the first page to the sign-in with the new second step."""

from __future__ import annotations

import pytest

from accounts.known_devices import devices
from accounts.models import Session, User
from audit.models import Entry
from mfa.models import AuthenticatorApp, RecoveryCode, RecoveryRequest, TrustedBrowser
from tests.support import cast, recovering, second_steps
from tests.support.pages import text_of
from tests.support.race import outcome
from tests.support.recovering import APP, ASK, ASKED, CODE, FINISH, LOGIN, SAME_ANSWER, STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


def sign_in(browser: Visitor, who: str = "alice") -> str:
    return outcome(browser.post(LOGIN, {"login": who, "password": cast.PASSWORD}))


def test_from_no_second_step_to_a_new_one(client, alice, mailbox, clock):
    at_home = Visitor()
    sign_in(at_home)
    at_home.post(STEP, {"method": "app", "code": second_steps.code_of(alice)})
    assert at_home.get("/accounts/").status_code == 200
    assert recovering.ask(client) == SAME_ANSWER
    assert "7 days" in text_of(client.get(ASKED))
    for address in ("alice@example.org", "alice.spare@example.org"):
        assert mailbox.kinds(address)[-1] == "recovery_waits"
    assert "remove your two-step sign-in" in text_of(at_home.get("/accounts/"))
    before = recovering.factors_of(alice)
    # A limit of hers that leans on passkeys, which are lost with the rest.
    User.objects.filter(pk=alice.pk).update(passkey_for_changes=True)

    clock.forward(days=6, hours=23)
    assert recovering.ask(client) == SAME_ANSWER
    assert outcome(client.get(APP)) == f"302 {ASK}"
    clock.forward(hours=2)
    assert recovering.ask(client) == f"302 {APP}"
    assert recovering.factors_of(alice) == before
    assert client.get("/accounts/").status_code == 302
    seed = recovering.add_app(client)
    codes = recovering.shown_codes(client)
    assert len(codes) == 10
    assert codes[0] in client.get("/accounts/mfa/recovery/download/").content.decode()
    assert recovering.factors_of(alice) == before
    TrustedBrowser.objects.create(user=alice, key="k", expires_at=clock.forward(seconds=1))
    assert recovering.finish(client) == f"302 {LOGIN}"
    assert "Your new second step is set up." in text_of(client.get(LOGIN))

    assert not Session.objects.filter(user=alice).exists()
    assert not devices.of_user(alice).exists()
    assert not TrustedBrowser.objects.filter(user=alice).exists()
    assert client.get("/accounts/").status_code == 302
    for address in ("alice@example.org", "alice.spare@example.org"):
        assert mailbox.kinds(address)[-1] == "recovery_finished"
    assert recovering.request_of(alice).state == RecoveryRequest.State.FINISHED
    alice.refresh_from_db()
    assert alice.two_step_on and alice.recovery_ready_at is None and not alice.passkey_for_changes
    assert AuthenticatorApp.objects.get(user=alice).pk and RecoveryCode.objects.count() == 10
    assert sign_in(client) == f"302 {STEP}"
    old = {"method": "app", "code": second_steps.code_for(second_steps.SEED)}
    assert outcome(client.post(STEP, old)).startswith("200 That code is not right")
    clock.forward(seconds=recovering.NEW_SEED_LATER)
    new = {"method": "app", "code": second_steps.code_for(seed)}
    assert outcome(client.post(STEP, new)) == "302 /accounts/"
    written = Entry.objects.filter(event__startswith="mfa.recovery").order_by("id")
    assert [entry.event for entry in written] == [
        "mfa.recovery_code_sent",
        "mfa.recovery_requested",
        "mfa.recovery_code_sent",
        "mfa.recovery_refused",
        "mfa.recovery_code_sent",
        "mfa.recovery_finished",
    ]


def test_on_the_way_in_the_password_is_not_asked_again(client, alice):
    assert sign_in(client) == f"302 {STEP}"
    assert "How that works" in text_of(client.get("/accounts/mfa/help/"))
    page = client.get(ASK).content.decode()
    assert "alice@example.org" in page and 'name="password"' not in page
    assert not recovering.Mailbox().kinds()
    assert outcome(client.post(ASK)) == f"302 {CODE}"
    answer = client.post(CODE, {"code": recovering.mailed_code()})
    assert outcome(answer) == SAME_ANSWER
    assert recovering.request_of(alice).state == RecoveryRequest.State.WAITING


def test_staff_wait_longer_and_type_one_code_back(client, clock, mailbox):
    sue = recovering.lost("sue", is_staff=True)
    assert recovering.ask(client, "sue", "sue@example.org") == SAME_ANSWER
    clock.forward(days=13, hours=23)
    assert recovering.ask(client, "sue", "sue@example.org") == SAME_ANSWER
    clock.forward(hours=2)
    assert recovering.ask(client, "sue", "sue@example.org") == f"302 {APP}"
    recovering.add_app(client)
    codes = recovering.shown_codes(client)
    assert recovering.finish(client).startswith("200 ")
    assert outcome(client.post(FINISH, {"code": codes[3]})) == f"302 {LOGIN}"
    assert recovering.request_of(sue).state == RecoveryRequest.State.FINISHED


def test_what_is_not_used_in_time_runs_out(client, alice, clock):
    recovering.ask(client)
    clock.forward(days=14, hours=1)
    assert recovering.recovery_telling.expire(500) == 1
    assert recovering.recovery_telling.expire(500) == 0
    alice.refresh_from_db()
    assert alice.recovery_ready_at is None
    assert recovering.request_of(alice).state == RecoveryRequest.State.EXPIRED
    assert Entry.objects.latest("id").event == "mfa.recovery_expired"


def test_one_that_ran_out_unseen_opens_nothing_and_another_begins(client, alice, clock):
    recovering.ask(client)
    old = recovering.request_of(alice)
    clock.forward(days=14, hours=1)
    assert recovering.ask(client) == SAME_ANSWER
    old.refresh_from_db()
    assert old.state == RecoveryRequest.State.EXPIRED
    new = recovering.request_of(alice)
    assert new.pk > old.pk and new.state == RecoveryRequest.State.WAITING
    alice.refresh_from_db()
    assert alice.recovery_ready_at == new.ready_at


def test_somebody_signed_in_is_led_to_their_second_steps(client, alice):
    sign_in(client)
    client.post(STEP, {"method": "app", "code": second_steps.code_of(alice)})
    for path in (ASK, CODE):
        assert outcome(client.get(path)) == "302 /accounts/mfa/"
