"""The authenticator app, from the first look at its key to a sign-in with its code."""

from __future__ import annotations

import re

import pytest

from tests.support import cast, second_steps
from tests.support.race import outcome
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, STEP = "/accounts/login/", "/accounts/mfa/authenticate/"
ACTIVATE, CODES = "/accounts/mfa/totp/activate/", "/accounts/mfa/recovery-codes/generate/"


def sign_in(browser: Visitor, who: str = "alice") -> str:
    return outcome(browser.post(LOGIN, {"login": who, "password": cast.PASSWORD}))


def shown_seed(browser: Visitor) -> bytes:
    import base64

    page = browser.get(ACTIVATE).content.decode()
    written = re.search(r'id="seed">([A-Z2-7 ]+)<', page)
    assert written, page
    return base64.b32decode(written.group(1).replace(" ", ""))


def test_from_nothing_to_a_sign_in_with_both_steps(client, alice, mailbox, clock):
    sign_in(client)
    seed = shown_seed(client)
    assert shown_seed(client) == seed
    answer = client.post(ACTIVATE, {"code": second_steps.code_for(seed)})
    assert outcome(answer) == f"302 {CODES}"
    alice.refresh_from_db()
    assert not alice.two_step_on
    page = client.get(CODES).content.decode()
    codes = re.findall(r"<li>(\w{4}-\w{4}-\w{4}-\w{4})</li>", page)
    assert len(codes) == 10
    assert outcome(client.post(CODES, {})).startswith("200 Tick the box")
    assert outcome(client.post(CODES, {"saved": "on"})) == "302 /accounts/mfa/"
    alice.refresh_from_db()
    assert alice.two_step_on
    assert client.get("/accounts/").status_code == 200
    other = Visitor()
    clock.forward(seconds=31)
    assert sign_in(other) == f"302 {STEP}"
    assert other.get("/accounts/").status_code == 302
    right = {"method": "app", "code": second_steps.code_of(alice)}
    assert outcome(other.post(STEP, right)) == "302 /accounts/"
    assert other.get("/accounts/").status_code == 200
    third = Visitor()
    sign_in(third)
    assert outcome(third.post(STEP, right)).startswith("200 That code is not right")
    recovery = {"method": "recovery_code", "code": codes[3].upper()}
    assert outcome(third.post(STEP, recovery)) == "302 /accounts/"
    assert mailbox.kinds() == [
        "factor_changed",
        "two_step",
        "recovery_code_used",
    ]
