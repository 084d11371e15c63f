"""A sign-in that is broken off, runs out or is finished in another window, and a session that ends
where a fresh proof is asked for: the way on leads where it led before."""

from __future__ import annotations

import pytest

from accounts import redirects
from accounts.models import Session, User
from authsite.text_url import text_transport
from tests.support import cast, second_steps
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, STEP = "/accounts/login/", "/accounts/mfa/authenticate/"
WANTED = "/accounts/activity/?show=change"
AGAIN = f"{LOGIN}?next=%2Faccounts%2Factivity%2F%3Fshow%3Dchange"
WRONG, CANCEL = {"method": "app", "code": "000000"}, {"cancel": "1"}


def sign_in(who: str, after: str = WANTED, browser: Visitor | None = None, **more: str) -> Visitor:
    browser = browser or Visitor()
    posted = {"login": who, "password": cast.PASSWORD, "next": after} | more
    browser.post(LOGIN, posted)
    return browser


def test_cancelled(carol):
    assert sign_in("carol").post(STEP, CANCEL)["Location"] == AGAIN


def test_after_the_last_wrong_code(carol, settings):
    settings.POLICY_FREE_FAILURES = 1000  # a pause before that is another wall
    browser = sign_in("carol")
    for _ in range(10):
        answer = browser.post(STEP, WRONG)
        if answer.status_code != 200:
            break
    assert answer.get("Location") == AGAIN


@pytest.mark.parametrize("method", ["get", "post"])
def test_left_open_for_too_long(carol, clock, method):
    browser = sign_in("carol")
    clock.forward(minutes=16)
    assert getattr(browser, method)(STEP, WRONG)["Location"] == AGAIN


def test_after_the_credentials_changed(carol):
    browser = sign_in("carol")
    User.objects.filter(pk=carol.pk).update(credentials_version=carol.credentials_version + 1)
    assert browser.post(STEP, WRONG)["Location"] == AGAIN


def test_finished_in_another_window(carol):
    browser = sign_in("carol")
    right = {"method": "app", "code": second_steps.as_if_later(carol)}
    assert browser.post(STEP, right)["Location"] == WANTED
    assert browser.post(STEP, right)["Location"] == WANTED
    assert browser.get(STEP)["Location"] == WANTED


def test_the_next_sign_in_leads_where_it_says_itself(carol):
    browser = sign_in("carol")
    browser.post(STEP, CANCEL)
    browser = sign_in("carol", after="", browser=browser)
    assert browser.post(STEP, CANCEL)["Location"] == LOGIN


@pytest.mark.parametrize("after", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_it_leads_nowhere_else(carol, after):
    browser = sign_in("carol", after=after)
    assert browser.post(STEP, CANCEL)["Location"] == LOGIN


@pytest.mark.parametrize(
    "after", [None, "", "https://evil.example/", "//evil.example/", "/\\e.com"]
)
def test_what_is_not_safe_is_not_kept(rf, after):
    request = rf.get(STEP)
    request.session = {redirects.UNDER_WAY: WANTED}
    redirects.under_way(request, after)
    assert request.session == {}


def test_whoever_has_to_choose_a_password_keeps_it_too(alice, clock):
    User.objects.filter(pk=alice.pk).update(password_must_change=alice.created_at)
    page = "/accounts/password/required/"
    browser = sign_in("alice")
    assert browser.get(page).status_code == 200
    clock.forward(minutes=20)
    assert browser.get(page)["Location"] == AGAIN
    assert sign_in("alice").post(page, CANCEL)["Location"] == AGAIN


def test_whoever_has_to_give_a_number_keeps_it_too(alice, settings, tmp_path, clock):
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")
    settings.POLICY_PHONE_REQUIRED = True
    page = "/accounts/phone/required/"
    browser = sign_in("alice")
    assert browser.get(page).status_code == 200
    clock.forward(minutes=20)
    assert browser.get(page)["Location"] == AGAIN
    assert sign_in("alice").post(page, CANCEL)["Location"] == AGAIN


# --- where a fresh proof is asked for -------------------------------------------------------------


@pytest.mark.parametrize("page", ["/accounts/reauthenticate/", "/accounts/mfa/reauthenticate/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_that_ended_there_goes_on_where_the_proof_led(alice, page, method):
    browser = sign_in("alice")
    Session.objects.all().delete()
    answer = getattr(browser, method)(f"{page}?next=/accounts/email/", {"next": "/accounts/email/"})
    assert answer["Location"] == f"{LOGIN}?next=%2Faccounts%2Femail%2F"
    assert getattr(Visitor(), method)(page)["Location"] == LOGIN


def test_the_code_of_a_new_address_is_asked_for_again_after_signing_in(alice):
    """The page is also that of a sign-up, which leads nowhere in particular."""
    page = "/accounts/confirm-email/"
    browser = sign_in("alice")
    browser.post("/accounts/email/", {"email": "more@example.org"})
    assert f'name="next" value="{page}"' in browser.get(page).content.decode()
    Session.objects.all().delete()
    late = browser.post(page, {"code": "BBBB-BBBB", "next": page})
    assert late["Location"] == f"{LOGIN}?next=%2Faccounts%2Fconfirm-email%2F"
    assert "more@example.org" in sign_in("alice", page, browser).get(page).content.decode()
    assert Visitor().post(page, {"code": "BBBB-BBBB"})["Location"] == LOGIN


def test_a_sign_in_by_code_that_was_left_open_for_too_long(alice, settings):
    settings.POLICY_SIGN_IN_BY_CODE = True
    ask, confirm = "/accounts/login/code/", "/accounts/login/code/confirm/"
    late = Visitor().post(confirm, {"code": "BBBB-BBBB", "next": WANTED})
    assert late["Location"] == AGAIN.replace(LOGIN, ask)
    assert (
        Visitor().post(confirm, {"code": "x", "next": "https://evil.example/"})["Location"] == ask
    )
