"""Limits of one's own and second steps: which proof sets them, what they lean on, and that no road
leads into a frozen account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.flows import limits as flow
from accounts.models import OwnLimits, Session, User
from mfa.flows import recovery, staff
from mfa.models import Passkey
from tests.support import cast, passkey, roads, second_steps
from tests.support.limiting import LIMITS, in_days, limits_of, save
from tests.support.pages import errors_of, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
STEP = "/accounts/mfa/authenticate/"


@pytest.fixture
def device() -> passkey.Authenticator:
    return passkey.Authenticator()


def inside(user: User) -> Visitor:
    browser = Visitor()
    roads.by_password(browser, user.username)
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(user)})
    assert browser.get("/accounts/").status_code == 200
    return browser


def freeze(user: User) -> None:
    save(inside(user), frozen_until=in_days(3))
    assert limits_of(user)
    Session.objects.all().delete()


ROADS = {
    "password": roads.by_password,
    "address": roads.by_address,
    "staff desk": roads.by_the_staff_desk,
    "mailed code": roads.by_mailed_code,
}


@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_into_a_frozen_account(carol, settings, road, clock):
    settings.POLICY_SIGN_IN_BY_CODE = True
    freeze(carol)
    browser = Visitor()
    answer = ROADS[road](browser)
    assert answer.status_code == 200  # as after a wrong password or code
    assert browser.get(STEP).status_code == 302
    assert not Session.objects.filter(user=carol).exists()


def test_nor_a_passkey_alone(carol, device, clock):
    freeze(carol)
    passkey.give(carol, device)
    answer = passkey.sign_in(browser := Visitor(), device)
    assert answer.status_code in (200, 403)
    assert browser.get("/accounts/").status_code == 302
    assert not Session.objects.filter(user=carol).exists()


def test_nor_the_letter_that_lets_a_browser_try(carol, mailbox, clock):
    freeze(carol)
    browser = Visitor()
    browser.post("/accounts/unlock/", {"login": "carol"})
    browser.post("/accounts/unlock/code/", {"code": mailbox.latest(carol.email).code})
    assert roads.by_password(browser).status_code == 200
    assert not Session.objects.filter(user=carol).exists()


def test_nor_a_sign_in_that_was_under_way(carol, clock):
    browser, here = Visitor(), inside(carol)
    roads.by_password(browser)
    save(here, frozen_until=in_days(3))
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    assert browser.get("/accounts/").status_code == 302
    assert Session.objects.filter(user=carol).count() == 1


def test_the_wall_behind_the_gates_holds_too(carol, clock):
    browser = Visitor()
    roads.by_password(browser)
    until = timezone.now() + timedelta(days=3)
    User.objects.filter(pk=carol.pk).update(frozen_until=until)
    answer = browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    assert answer.status_code == 403 and "You cannot sign in for now" in text_of(answer)
    assert not Session.objects.filter(user=carol).exists()


def test_the_strongest_proof_is_asked_for(carol, device, clock):
    passkey.give(carol, device)
    browser = inside(carol)  # password and app, just now
    refused = browser.post(LIMITS, {"recovery_days": "21"})
    assert refused.status_code == 403 and "Prove it more strongly" in text_of(refused)
    assert limits_of(carol) == {}
    passkey.step_up(browser, device)
    assert save(browser, recovery_days="21").status_code == 302
    assert limits_of(carol) == {"recovery_days": 21}


def test_without_a_passkey_the_app_is_the_strongest(carol, clock):
    browser = inside(carol)
    clock.forward(minutes=6)
    browser.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    assert browser.post(LIMITS, {"recovery_days": "21"}).status_code == 403
    browser.post(
        "/accounts/mfa/reauthenticate/?method=app", {"code": second_steps.as_if_later(carol)}
    )
    assert save(browser, recovery_days="21").status_code == 302
    assert recovery.days_for(User.objects.get(pk=carol.pk)) == 21


def test_a_longer_wait_is_the_wait_of_the_slow_lane(carol, clock):
    save(inside(carol), recovery_days="21")
    assert recovery.days_for(User.objects.get(pk=carol.pk)) == 21
    User.objects.filter(pk=carol.pk).update(recovery_days=2)
    assert recovery.days_for(User.objects.get(pk=carol.pk)) == 7  # never less than the policy's


def test_a_limit_that_leans_on_nothing_is_refused(alice, carol, device):
    browser = Visitor()
    roads.by_password(browser, "alice")
    said = errors_of(save(browser, resets_need_proof=True))
    assert "Turn on two-step sign-in first." in said
    said = errors_of(save(browser, passkey_for_changes=True))
    assert "Add two passkeys first, or one and recovery codes." in said
    assert limits_of(alice) == {}


@pytest.fixture
def only_passkeys(carol, device, clock) -> Visitor:
    """Carol's browser, whose account takes a passkey for changes."""
    passkey.give(carol, device)
    browser = inside(carol)
    passkey.step_up(browser, device)
    save(browser, passkey_for_changes=True)
    assert limits_of(carol) == {"passkey_for_changes": True}
    return browser


def test_only_a_passkey_confirms_a_change_then(only_passkeys, carol, device, clock):
    clock.forward(minutes=6)
    only_passkeys.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    only_passkeys.post(
        "/accounts/mfa/reauthenticate/?method=app", {"code": second_steps.as_if_later(carol)}
    )
    held = only_passkeys.post("/accounts/email/", {"email": "more@example.org"})
    assert "reauthenticate" in held["Location"]
    new = "nine lanterns over the marsh"
    held = only_passkeys.post(
        "/accounts/password/change/",
        {"oldpassword": cast.PASSWORD, "password1": new, "password2": new},
    )
    assert "reauthenticate" in held["Location"]
    carol.refresh_from_db()
    assert carol.check_password(cast.PASSWORD)
    passkey.step_up(only_passkeys, device)
    sent = only_passkeys.post("/accounts/email/", {"email": "more@example.org"})
    assert sent["Location"] == "/accounts/confirm-email/"


def test_the_last_passkey_stays_while_changes_take_one(only_passkeys, carol):
    pk = Passkey.objects.get(user=carol).pk
    refused = only_passkeys.post(f"/accounts/mfa/webauthn/keys/{pk}/remove/")
    assert refused.status_code == 409 and Passkey.objects.filter(pk=pk).exists()


def test_whoever_lost_their_passkeys_lifts_it_with_any_other_proof_after_the_wait(
    only_passkeys, carol, clock
):
    Passkey.objects.filter(user=carol).update(confirmed=False)
    clock.forward(minutes=6)
    browser = inside(carol)
    answer = save(browser, passkey_for_changes=None)
    assert answer.status_code == 302 and limits_of(carol) == {"passkey_for_changes": True}
    clock.forward(days=7, minutes=1)
    assert flow.loosen_due(10) == 1 and limits_of(carol) == {}


def test_a_session_older_than_the_limit_still_takes_the_strongest_proof(
    only_passkeys, carol, clock
):
    clock.forward(minutes=6)
    only_passkeys.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    assert save(only_passkeys, passkey_for_changes=None).status_code == 403
    assert limits_of(carol) == {"passkey_for_changes": True}


def test_a_reset_takes_the_second_step_where_its_person_said_so(carol, mailbox, clock):
    save(inside(carol), resets_need_proof=True)
    User.objects.filter(pk=carol.pk).update(two_step_on=False)
    browser = Visitor()
    page = roads.link_of_a_reset(browser)
    assert browser.get(page)["Location"] == STEP
    assert browser.post(page, roads.TWICE)["Location"] == STEP
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    assert browser.get(page).status_code == 200


def test_the_last_second_step_stays_while_resets_take_one(carol, clock):
    browser = inside(carol)
    save(browser, resets_need_proof=True)
    assert browser.post("/accounts/mfa/totp/deactivate/").status_code == 409


def test_staff_who_take_second_steps_away_take_what_leaned_on_them(only_passkeys, carol):

    User.objects.filter(pk=carol.pk).update(resets_need_proof=True, recovery_days=21)
    carol.refresh_from_db()
    staff.remove_by_operator(carol, reason="ticket 4411")
    assert limits_of(carol) == {"recovery_days": 21}
    assert OwnLimits.objects.filter(user=carol).exists()
