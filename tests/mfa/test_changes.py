"""What changes of second steps turn on and off, and of what their owner hears."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.sessions.store import SessionStore
from audit.events import Event
from mfa import factors, letters
from mfa.devices import app
from mfa.flows import changes, recovery_codes
from mfa.models import AuthenticatorApp, RecoveryCodes, TextedCode
from tests.support import cast, passkey, roads, second_steps
from tests.support.race import outcome
from tests.support.roads import STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
OFF, CODES = "/accounts/mfa/totp/deactivate/", "/accounts/mfa/recovery-codes/generate/"
WRONG = {"method": "app", "code": "000000"}


def inside(user: User) -> Visitor:
    browser = Visitor()
    roads.by_password(browser, user.username)
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(user)})
    assert browser.get("/accounts/mfa/").status_code == 200
    return browser


def test_the_last_factor_stays_before_its_codes_are_saved_too(alice, settings):
    second_steps.give_app(alice)
    RecoveryCodes.objects.all().delete()
    second_steps.settle(alice)
    settings.POLICY_TWO_STEP = "required"
    assert inside(alice).post(OFF).status_code == 409
    assert AuthenticatorApp.objects.filter(user=alice).exists()


def test_one_of_two_may_go(carol, settings):
    passkey.give(carol, passkey.Authenticator())
    settings.POLICY_TWO_STEP = "required"
    assert outcome(inside(carol).post(OFF)) == "302 /accounts/mfa/"
    carol.refresh_from_db()
    assert carol.two_step_on


def test_new_codes_after_the_only_factor_was_stopped_turn_nothing_off(carol):
    browser = inside(carol)
    AuthenticatorApp.objects.all().delete()
    browser.get(CODES)
    assert browser.post(CODES, {"saved": "on"}).status_code == 302
    carol.refresh_from_db()
    assert carol.two_step_on and carol.recovery_codes_left == 10


def test_turning_it_on_ends_other_sessions_whatever_they_proved(alice):
    app.row_of(alice, "Authenticator", second_steps.SEED).save()
    second_steps.settle(alice)
    here, there = Visitor(), Visitor()
    for browser in (here, there):
        roads.by_password(browser, "alice")
        form = {"code": second_steps.as_if_later(alice)}
        assert browser.post("/accounts/mfa/reauthenticate/", form).status_code == 302
    here.get(CODES)
    assert outcome(here.post(CODES, {"saved": "on"})) == "302 /accounts/mfa/"
    assert here.get("/accounts/").status_code == 200
    assert there.get("/accounts/").status_code == 302
    alice.refresh_from_db()
    assert alice.two_step_on


def saving(rf, user: User, browser: Visitor) -> HttpRequest:
    """Where `browser` says that the codes it was shown are saved, past all pages."""
    request = rf.post(CODES)
    request.session = SessionStore(browser.cookies["__Host-session"].value)
    request.user = User.objects.get(pk=user.pk)
    request.session[recovery_codes.SHOWN] = {"codes": second_steps.CODES, "at": time.time()}
    return request


def test_no_session_turns_on_what_would_end_it(rf, client, alice):
    roads.by_password(client, "alice")
    app.row_of(alice, "Authenticator", second_steps.SEED).save()
    second_steps.settle(alice)
    with pytest.raises(changes.SecondStepFirst):
        recovery_codes.finish(saving(rf, alice, client))
    assert not RecoveryCodes.objects.filter(user=alice).exists()


def test_the_one_way_itself_asks_for_a_fresh_proof(rf, carol, clock, hashes_of):
    browser, before = inside(carol), RecoveryCodes.objects.get(user=carol)
    clock.forward(minutes=6)
    request, done = saving(rf, carol, browser), []
    with hashes_of() as hashes, pytest.raises(ReauthenticationRequired):
        recovery_codes.finish(request)
    assert hashes.made == 0
    with pytest.raises(ReauthenticationRequired):
        changes.make(
            request,
            Event.RECOVERY_CODES_MADE,
            done.append,
            after=factors.of(carol),
            tell=letters.recovery_codes_made,
        )
    assert not done and RecoveryCodes.objects.get(user=carol) == before


@pytest.mark.parametrize("way", ["sign_in", "reset"])
def test_slow_guesses_are_told_of_as_well(carol, clock, mailbox, way):
    """One wrong code at a time, and what the letter says whoever it was had."""
    for _ in range(6):
        browser = Visitor()
        if way == "sign_in":
            roads.by_password(browser)
        else:
            browser.get(roads.link_of_a_reset(browser))
        browser.post(STEP, WRONG)
        clock.forward(minutes=16)
    kinds = [kind for kind in mailbox.kinds() if kind == "second_step_failed"]
    assert kinds == ["second_step_failed"]
    text = " ".join(mailbox.all()[-1 if way == "sign_in" else -2].text.split())
    said = "Someone typed your password" if way == "sign_in" else "opened a link to reset"
    assert said in " ".join([text, *(letter.text.replace("\r\n", " ") for letter in mailbox.all())])


def test_the_overview_names_the_day_until_which_it_may_wait(client, alice, settings):
    settings.POLICY_TWO_STEP = "required"
    settings.POLICY_TWO_STEP_PUT_OFF_UNTIL = timezone.localdate() + timedelta(days=3)
    roads.by_password(client, "alice")
    page = client.get("/accounts/").content.decode()
    assert "Add a second step" in page and "You have until" in page
    assert "/accounts/mfa/required/" in page


def test_a_number_that_does_not_open_is_no_way_and_no_error(settings, caplog):
    settings.POLICY_TEXTED_CODES = True
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}
    user = cast.person("erin")
    TextedCode.objects.create(user=user, name="text", number="t1:AAAA")
    second_steps.give_codes(user)
    browser = Visitor()
    roads.by_password(browser, "erin")
    assert browser.get(STEP).status_code == 200
    assert outcome(browser.post(STEP, {"send": "texted_code"})) == f"302 {STEP}"
    recovery = {"method": "recovery_code", "code": second_steps.CODES[0]}
    assert outcome(browser.post(STEP, recovery)) == "302 /accounts/"
    assert "does not open" in caplog.text


def test_the_librarys_own_question_counts_like_any_other(carol, still_clock):
    """Nothing here asks it; whoever does has no door beside the counter."""
    held = AuthenticatorApp.objects.get()
    assert [held.verify_token("000000") for _ in range(5)] == [False] * 5
    assert AuthenticatorApp.objects.get().stranger_failures == 3
    assert not held.verify_token(second_steps.as_if_later(carol))
    still_clock.forward(minutes=16)
    assert held.verify_token(second_steps.as_if_later(carol))
    codes = RecoveryCodes.objects.get()
    assert codes.verify_token(second_steps.CODES[0])
    assert not codes.verify_token(second_steps.CODES[0])
