"""Second steps that a stranger changed, put back as they were; and proofs by what was there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from accounts.undo import sets
from mfa.models import AuthenticatorApp, Passkey, RecoveryCode, RecoveryCodes
from mfa.undo import PART
from tests.mfa.test_app import shown_seed
from tests.support import second_steps, undoing
from tests.support.undoing import LOGIN, NEW, PASSWORD, UNDO, link_to, open_and_stop, put_back
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
STEP, ACTIVATE = "/accounts/mfa/authenticate/", "/accounts/mfa/totp/activate/"
OFF, CODES = "/accounts/mfa/totp/deactivate/", "/accounts/mfa/recovery-codes/generate/"
CAROL, ALICE = "carol@example.org", "alice@example.org"


def inside(name: str, user: User) -> Visitor:
    browser = undoing.sign_in(name)
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(user)})
    assert browser.get("/accounts/").status_code == 200
    return browser


def state(user: User) -> tuple[object, ...]:
    user.refresh_from_db()
    return user.two_step_on, user.has_second_step, user.recovery_codes_left


def test_an_app_that_a_stranger_added_is_stopped_by_the_link_and_gone_when_it_is_undone(
    alice, clock
):
    undoing.at_home(alice)
    intruder = undoing.sign_in("alice")
    code = second_steps.code_for(shown_seed(intruder))
    intruder.post(ACTIVATE, {"code": code})
    intruder.get(CODES)
    intruder.post(CODES, {"saved": "on"})
    assert state(alice)[0] is True
    owner = open_and_stop(link_to(ALICE, "two_step"))
    assert intruder.get("/accounts/").status_code == 302
    put_back(owner)
    assert state(alice) == (False, False, None)
    assert not AuthenticatorApp.objects.filter(user=alice).exists()
    assert undoing.sign_in("alice", password=NEW).get("/accounts/").status_code == 200


def test_an_app_that_a_stranger_took_away_is_back_with_its_codes(carol, clock):
    undoing.long_here(carol)
    browser = inside("carol", carol)
    RecoveryCode.objects.filter(pk=RecoveryCode.objects.first().pk).update(
        used_at="2026-01-01T00:00Z"
    )
    second_steps.settle(carol)
    before = state(carol)
    browser.post(OFF)
    assert state(carol) == (False, False, None)
    put_back(open_and_stop(link_to(CAROL, "two_step")))
    assert state(carol) == before == (True, True, 9)
    again = undoing.sign_in("carol", password=NEW)
    assert again.get("/accounts/").status_code == 302
    code = second_steps.as_if_later(carol)
    assert again.post(STEP, {"method": "app", "code": code})["Location"] == "/accounts/"


@pytest.mark.parametrize("way", ["app", "recovery_code"])
def test_a_former_second_step_proves_it_and_is_used_up(carol, clock, way):
    undoing.long_here(carol)
    browser = inside("carol", carol)
    undoing.change_password(browser)
    owner = open_and_stop(link_to(CAROL, "password_changed"))
    proof = second_steps.as_if_later(carol) if way == "app" else second_steps.CODES[0].upper()
    clock.forward(seconds=31)
    proof = second_steps.code_of(carol) if way == "app" else proof
    assert owner.post(UNDO, {"proof": "000000"}).status_code == 200
    assert owner.post(UNDO, {"proof": proof})["Location"] == PASSWORD
    assert Visitor().get(LOGIN).status_code == 200
    again = Visitor()
    again.get(link_to(CAROL, "password_changed"))
    assert again.post(UNDO, {"proof": proof}).status_code == 200


def test_a_recovery_code_that_was_used_since_stays_used(carol, clock):
    former = PART.snapshot(carol)
    RecoveryCode.objects.filter(pk=RecoveryCode.objects.first().pk).update(
        used_at="2026-01-01T00:00Z"
    )
    AuthenticatorApp.objects.filter(user=carol).update(last_step=77)
    PART.put_back(carol, former)
    assert RecoveryCode.objects.filter(codes__user=carol, used_at=None).count() == 9
    assert AuthenticatorApp.objects.get(user=carol).last_step >= 77


def test_a_recovery_code_that_was_used_before_others_came_stays_used(carol, clock):
    undoing.long_here(carol)
    browser = inside("carol", carol)
    undoing.change_password(browser)
    first = link_to(CAROL, "password_changed")
    RecoveryCode.objects.filter(pk=RecoveryCode.objects.first().pk).update(
        used_at="2026-01-01T00:00Z"
    )
    browser.get(CODES)
    browser.post(CODES, {"saved": "on"})
    assert sets.alive().filter(user=carol).count() == 2
    put_back(open_and_stop(first))
    assert state(carol) == (True, True, 9)


def test_a_recovery_code_of_before_that_proves_it_is_used_up_too(carol, clock):
    undoing.long_here(carol)
    browser = inside("carol", carol)
    browser.get(CODES)
    browser.post(CODES, {"saved": "on"})
    link = [one.link for one in undoing.Mailbox().all(CAROL) if "/undo/" in one.link][-1]
    owner, code = open_and_stop(link), second_steps.CODES[0]
    assert owner.post(UNDO, {"proof": code})["Location"] == PASSWORD
    again = Visitor()
    again.get(link)
    assert again.post(UNDO, {"proof": code}).status_code == 200
    owner.post(PASSWORD, {"password1": NEW, "password2": NEW})
    assert state(carol) == (True, True, 9)


def test_a_passkey_that_was_stopped_and_then_removed_comes_back_stopped(carol):
    _passkey(carol, "a")
    former = PART.snapshot(carol)
    Passkey.objects.update(confirmed=False)
    later = PART.snapshot(carol)
    Passkey.objects.all().delete()
    PART.use_up(former, later)
    PART.put_back(carol, former)
    assert Passkey.objects.get(user=carol).confirmed is False


def test_a_passkey_that_was_removed_is_back_one_that_was_stopped_stays_stopped(carol):
    kept, gone = (_passkey(carol, digit) for digit in ("a", "b"))
    former = PART.snapshot(carol)
    gone.delete()
    Passkey.objects.filter(pk=kept.pk).update(confirmed=False, sign_count=9)
    _passkey(carol, "c")
    PART.put_back(carol, former)
    rows = {one.name: one for one in Passkey.objects.filter(user=carol)}
    assert rows.keys() == {"a", "b"}
    assert rows["a"].confirmed is False and rows["a"].sign_count == 9 and rows["b"].confirmed


def test_a_passkey_that_is_somebody_elses_by_now_stays_theirs(carol, bob):
    gone = _passkey(carol, "a")
    former = PART.snapshot(carol)
    gone.delete()
    _passkey(bob, "a")
    PART.put_back(carol, former)
    assert not Passkey.objects.filter(user=carol).exists()
    assert Passkey.objects.filter(user=bob).count() == 1


def test_what_does_not_open_is_left_out(carol):
    AuthenticatorApp.objects.filter(user=carol).update(seed="t1:nothing")
    former = PART.snapshot(carol)
    assert "app" not in former and len(former["codes"]["left"]) == 10


def _passkey(user: User, name: str) -> Passkey:
    return Passkey.objects.create(
        user=user,
        name=name,
        credential_id=name.encode() * 16,
        public_key=b"key",
        transports=[],
        aaguid="00000000-0000-0000-0000-000000000000",
    )


def test_the_letters_go_to_all_addresses_and_old_ones_get_the_link(carol, mailbox, clock):
    undoing.long_here(carol)
    EmailAddress.objects.create(user=carol, email="new@example.org", verified=True)
    inside("carol", carol).post(OFF)
    told = {(one.kind, one.to): "/accounts/undo/" in one.text for one in mailbox.all()}
    assert told == {("two_step", to): to == CAROL for to in (CAROL, "new@example.org")}


@pytest.mark.parametrize("way", ["app", "recovery_code"])
def test_a_second_step_that_came_lately_proves_nothing(carol, clock, way):
    undoing.long_here(carol)
    AuthenticatorApp.objects.update(created_at=timezone.now())
    RecoveryCodes.objects.update(created_at=timezone.now())
    undoing.change_password(inside("carol", carol))
    owner = open_and_stop(link_to(CAROL, "password_changed"))
    clock.forward(seconds=31)
    proof = second_steps.code_of(carol) if way == "app" else second_steps.CODES[0]
    assert owner.post(UNDO, {"proof": proof}).status_code == 200


def test_limits_come_back_with_the_second_steps_they_lean_on_but_no_freeze(carol, clock):
    undoing.long_here(carol)
    until = timezone.now() + timedelta(days=9)
    User.objects.filter(pk=carol.pk).update(passkey_for_changes=True, frozen_until=until)
    carol.refresh_from_db()
    undo = sets.begin(carol, "factor")
    undo.keep()
    User.objects.filter(pk=carol.pk).update(passkey_for_changes=False)
    put_back(open_and_stop(undo.link_for(CAROL)))
    carol.refresh_from_db()
    assert carol.passkey_for_changes and carol.frozen_until is None
