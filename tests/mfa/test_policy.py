"""Who must have a second step, and what they reach without one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from mfa.models import AuthenticatorApp, RecoveryCodes
from tests.mfa.test_app import ACTIVATE, CODES, shown_seed
from tests.support import cast, roads, second_steps, urls
from tests.support.race import outcome
from tests.support.roads import STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
TO_THE_DESK = b'<a href="/admin/">'
REQUIRED, SECURITY = "/accounts/mfa/required/", "/accounts/mfa/"


def without_factors(**fields: object) -> User:
    user = cast.person("dora", **fields)
    AuthenticatorApp.objects.filter(user=user).delete()
    RecoveryCodes.objects.filter(user=user).delete()
    second_steps.settle(user)
    return user


def sign_in(who: str = "dora") -> Visitor:
    browser = Visitor()
    roads.by_password(browser, who)
    return browser


def is_confined(browser: Visitor) -> bool:
    answer = browser.get("/accounts/profile/")
    assert answer.status_code == 200 or answer["Location"] == REQUIRED
    return answer.status_code == 302


def test_optional_asks_nobody(alice):
    assert not is_confined(sign_in("alice"))


def test_required_for_everybody(alice, settings):
    settings.POLICY_TWO_STEP = "required"
    assert is_confined(sign_in("alice"))


def test_required_for_chosen_groups(alice, bob, settings):
    settings.POLICY_TWO_STEP_GROUPS = ["Finance"]
    alice.groups.add(Group.objects.create(name="Finance"))
    assert is_confined(sign_in("alice"))
    assert not is_confined(sign_in("bob"))


@pytest.mark.parametrize("everybody", ["off", "optional", "required"])
def test_staff_always(settings, everybody):
    """Whatever the policy says of others, and however long these may put it off."""
    settings.POLICY_TWO_STEP = everybody
    settings.POLICY_TWO_STEP_PUT_OFF_UNTIL = timezone.localdate() + timedelta(days=30)
    without_factors(is_staff=True)
    browser = sign_in()
    assert is_confined(browser)
    assert outcome(browser.get("/admin/")) == f"302 {REQUIRED}"


def test_it_may_be_put_off_until_a_day(alice, settings, clock):
    settings.POLICY_TWO_STEP = "required"
    settings.POLICY_TWO_STEP_PUT_OFF_UNTIL = timezone.localdate() + timedelta(days=3)
    browser = sign_in("alice")
    assert not is_confined(browser)
    assert b"Remind me later" in browser.get(REQUIRED).content
    clock.forward(days=4)
    assert is_confined(sign_in("alice"))
    assert b"Remind me later" not in sign_in("alice").get(REQUIRED).content


def test_whoever_must_enrol_reaches_only_the_pages_that_do_it_out_and_help(alice, settings):
    settings.POLICY_TWO_STEP = "required"
    browser = sign_in("alice")
    open_to_all = {
        "account_logout", "account_inactive", "account_reauthenticate", "account_terms",
        "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
        "account_reset_password_from_key_done", "help", "privacy", "language", "healthz", "readyz",
        # What the link of a letter does alone, and what anybody may ask of a letter.
        "account_undo", "account_undo_key", "account_undo_password", "account_undo_done",
        "letter_check",
    }  # fmt: skip
    for name, path in urls.paths().items():
        if name in open_to_all or name.startswith(("mfa_", ".well-known")) or "<path" in name:
            continue
        for method in ("get", "post"):
            answer = getattr(browser, method)(path)
            assert answer.get("Location") == REQUIRED or answer.status_code in (404, 405), name


def test_enrolling_opens_the_rest(alice, settings, clock):
    settings.POLICY_TWO_STEP = "required"
    browser = sign_in("alice")
    seed = shown_seed(browser)
    assert outcome(browser.post(ACTIVATE, {"code": second_steps.code_for(seed)})) == f"302 {CODES}"
    assert is_confined(browser)  # the codes are not saved yet
    page = browser.get(CODES).content.decode()
    assert re.search(r"<li>\w{4}-", page)
    browser.post(CODES, {"saved": "on"})
    assert not is_confined(browser)


def test_a_factor_counts_at_once_where_the_policy_asks_for_one(alice, settings):
    """Codes that were never saved are no way round it."""
    second_steps.give_app(alice)
    RecoveryCodes.objects.all().delete()
    second_steps.settle(alice)
    assert outcome(roads.by_password(Visitor(), "alice")) == "302 /accounts/"
    settings.POLICY_TWO_STEP = "required"
    assert outcome(roads.by_password(Visitor(), "alice")) == f"302 {STEP}"


def test_the_last_strong_method_stays_while_the_policy_asks_for_one(carol, settings):
    settings.POLICY_TWO_STEP = "required"
    browser = sign_in("carol")
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    answer = browser.post("/accounts/mfa/totp/deactivate/")
    assert answer.status_code == 409
    assert b"Add another method before you remove this one." in answer.content
    assert AuthenticatorApp.objects.filter(user=carol).exists()


def test_the_desk_takes_a_session_that_proved_a_second_step(ada, settings):
    """Behind all roads: no cookie of a password alone opens a page of it."""
    browser = sign_in("ada")
    assert browser.get("/admin/").status_code == 200
    assert TO_THE_DESK in browser.get("/accounts/").content
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": 9e9}]
    User.objects.update(two_step_on=False)
    session.save()
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Enrolment" not in one]
    bare = Visitor()  # whose chain of middlewares is not made yet
    bare.cookies = browser.cookies
    assert outcome(bare.get("/admin/")).startswith("302 /admin/login/")
    page = bare.get("/accounts/profile/")
    assert page.status_code == 200 and TO_THE_DESK not in page.content


def test_the_menu_leads_nobody_else_to_the_desk(alice, carol):
    assert TO_THE_DESK not in sign_in("alice").get("/accounts/").content
    browser = sign_in("carol")
    browser.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    assert TO_THE_DESK not in browser.get("/accounts/profile/").content
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    assert TO_THE_DESK in browser.get("/accounts/profile/").content


def test_staff_who_came_in_by_a_recovery_code_keep_a_strong_method(ada):
    browser = Visitor(at_hand=False)
    roads.by_password(browser, "ada")
    browser.post(STEP, {"method": "recovery_code", "code": second_steps.CODES[0]})
    assert browser.get("/admin/").status_code == 200
    AuthenticatorApp.objects.all().delete()
    assert outcome(browser.get("/admin/")) == f"302 {REQUIRED}"


def test_staff_type_one_of_their_codes_back(ada):
    browser = sign_in("ada")
    page = browser.get("/accounts/mfa/recovery-codes/generate/").content.decode()
    code = re.search(r"<li>(\w{4}-\w{4}-\w{4}-\w{4})</li>", page)
    where = "/accounts/mfa/recovery-codes/generate/"
    assert browser.post(where, {"saved": "on"}).status_code == 200
    assert browser.post(where, {"code": "zzzz-zzzz-zzzz-zzzz"}).status_code == 200
    assert outcome(browser.post(where, {"code": code[1]})) == f"302 {SECURITY}"


def test_off_offers_nothing_and_still_asks_who_has_one(alice, carol, settings):
    settings.POLICY_TWO_STEP = "off"
    browser = sign_in("alice")
    assert browser.get("/accounts/mfa/totp/activate/").status_code == 404
    assert outcome(roads.by_password(Visitor())) == f"302 {STEP}"


def test_the_desk_asks_by_itself_whether_a_second_step_was_proved(settings):
    """As if nobody were confined to the enrolment pages: the pages of staff stay closed."""
    without_factors(is_staff=True, is_superuser=True)
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Enrolment" not in one]
    browser = sign_in()
    assert browser.get("/accounts/profile/").status_code == 200
    for page in ("/admin/", "/admin/accounts/user/"):
        assert browser.get(page).status_code in (302, 403), page
