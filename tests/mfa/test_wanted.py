"""Whoever must first set up a second step ends where they wanted to go, however they set it up."""

from __future__ import annotations

import re

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from django.utils import timezone

from accounts.models import User
from accounts.redirects import is_safe
from mfa import wanted
from mfa.models import AuthenticatorApp, RecoveryCode, RecoveryCodes
from tests.mfa.test_app import ACTIVATE, CODES, shown_seed
from tests.support import cast, passkey, second_steps
from tests.support.race import outcome
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, STEP = "/accounts/login/", "/accounts/mfa/authenticate/"
REQUIRED, REAUTH = "/accounts/mfa/required/", "/accounts/mfa/reauthenticate/"
DESK = "/admin/accounts/user/?q=sam&is_active__exact=1"
NEXT = {"next": DESK}


@pytest.fixture
def dora(db: None) -> User:
    """Of staff, with rights and without any second step."""
    user = cast.administrator("dora")
    AuthenticatorApp.objects.filter(user=user).delete()
    RecoveryCodes.objects.filter(user=user).delete()
    second_steps.settle(user)
    return User.objects.get(pk=user.pk)


def sign_in(browser: Visitor, **more: str) -> None:
    posted = {"login": "dora", "password": cast.PASSWORD}
    answer = browser.post(LOGIN, posted | NEXT | more)
    assert outcome(browser.get(answer["Location"])) == f"302 {REQUIRED}"
    assert browser.get(REQUIRED).status_code == 200


def save_codes(browser: Visitor) -> str:
    page = browser.get(CODES).content.decode()
    code = re.findall(r"<li>(\w{4}-\w{4}-\w{4}-\w{4})</li>", page)[0]
    return outcome(browser.post(CODES, {"code": code}))


def test_by_an_app(client, dora):
    sign_in(client)
    code = second_steps.code_for(shown_seed(client))
    assert outcome(client.post(ACTIVATE, {"code": code})) == f"302 {CODES}"
    assert save_codes(client) == f"302 {DESK}"
    assert client.get(DESK).status_code == 200


def test_by_a_passkey(client, dora):
    sign_in(client)
    device = passkey.Authenticator()
    added = passkey.add(client, device)
    assert added["Location"] == "/accounts/mfa/webauthn/"
    assert save_codes(client) == f"302 {DESK}"
    assert client.get(DESK).status_code == 200


def test_where_all_is_there_and_was_not_proved_in_this_session(client, carol, settings):
    """As of somebody who has begun to work here since they signed in."""
    client.post(LOGIN, {"login": "carol", "password": cast.PASSWORD})
    client.post(STEP, {"method": "recovery_code", "code": second_steps.CODES[0]})
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    session = client.session  # as after a code that was sent
    records = [{**one, "method": "texted_code"} for one in session[RECORDS][-1:]]
    session[RECORDS] = session[RECORDS][:-1] + records
    session.save()
    assert outcome(client.get("/accounts/profile/?x=1")) == f"302 {REQUIRED}"
    asked = client.get(REQUIRED)["Location"]
    assert asked.startswith(f"{REAUTH}?next=")
    back = client.post(asked, {"code": second_steps.as_if_later(carol)})["Location"]
    assert back == REQUIRED
    assert client.get(back)["Location"] == "/accounts/profile/?x=1"


def test_once_and_then_never_again(client, dora):
    sign_in(client)
    client.post(ACTIVATE, {"code": second_steps.code_for(shown_seed(client))})
    save_codes(client)
    assert save_codes(client) == "302 /accounts/mfa/"


def test_without_a_wish_it_ends_on_the_page_of_second_steps(client, dora):
    client.post(LOGIN, {"login": "dora", "password": cast.PASSWORD})
    assert outcome(client.get("/accounts/")) == f"302 {REQUIRED}"
    client.post(ACTIVATE, {"code": second_steps.code_for(shown_seed(client))})
    assert save_codes(client) == "302 /accounts/mfa/"


def test_what_was_posted_is_no_wish(client, dora):
    client.post(LOGIN, {"login": "dora", "password": cast.PASSWORD})
    assert outcome(client.post("/accounts/profile/", {"name": "x"})) == f"302 {REQUIRED}"
    client.post(ACTIVATE, {"code": second_steps.code_for(shown_seed(client))})
    assert save_codes(client) == "302 /accounts/mfa/"


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example/", "/x" * 300, "/accounts/\u202e/", "/\x00"]
)
def test_a_wish_never_leads_elsewhere(rf, path):
    request = rf.get("/accounts/profile/")
    request.path, request.session = path, {}
    wanted.keep(request)
    assert all(kept.startswith("/") and is_safe(kept) for kept in request.session.values())
    if path.startswith(("//", "/x")):
        assert request.session == {}


def test_whoever_used_their_last_recovery_code_goes_on_after_making_new_ones(client, carol):
    last = second_steps.CODES[0]
    digests = RecoveryCode.objects.filter(codes__user=carol).order_by("pk")
    digests.exclude(pk=digests[0].pk).update(used_at=timezone.now())
    second_steps.settle(carol)
    client.post(LOGIN, {"login": "carol", "password": cast.PASSWORD})
    client.post(STEP, {"method": "recovery_code", "code": last})
    assert outcome(client.get("/accounts/profile/")) == f"302 {CODES}"
    client.get(CODES)
    assert outcome(client.post(CODES, {"saved": "on"})) == "302 /accounts/profile/"
