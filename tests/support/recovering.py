"""Somebody who goes the slow lane, step by step, in one browser."""

from __future__ import annotations

import base64
import re
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User
from mfa.flows import recovery_telling
from mfa.models import RecoveryRequest
from tests.support import cast, second_steps
from tests.support.mailbox import Mailbox
from tests.support.race import outcome
from tests.support.visitor import Visitor

LOGIN, STEP = "/accounts/login/", "/accounts/mfa/authenticate/"
ASK, CODE, ASKED, APP, FINISH = (
    f"/accounts/mfa/recovery/{page}" for page in ("", "code/", "asked/", "app/", "finish/")
)
STOP, STOPPED = "/accounts/mfa/recovery/stop/", "/accounts/mfa/recovery/stopped/"
STOP_LINK = "/accounts/mfa/reset/stop/"
WRONG_CODE = "BBBB-BBBB"
SAME_ANSWER = f"302 {ASKED}"
SPARE = "spare@example.org"
NEW_SEED_LATER = 31


def lost(username: str = "alice", **fields: Any) -> User:
    """Somebody with two-step sign-in and a second address."""
    user = cast.person(username, **fields)
    if not user.is_staff:
        second_steps.give_app(user)
    spare = f"{username}.spare@example.org"
    EmailAddress.objects.create(user=user, email=spare, verified=True)
    return user


def prove(browser: Visitor, login: str = "alice", password: str = cast.PASSWORD) -> Any:
    return browser.post(ASK, {"login": login, "password": password})


def mailed_code(to: str = "alice@example.org") -> str:
    return [one for one in Mailbox().all(to) if one.kind == "sign_in_code"][-1].code


def ask(browser: Visitor, login: str = "alice", to: str = "alice@example.org") -> str:
    """Password and code, both right; what that was answered. One network has three letters an hour."""
    before = Mailbox().kinds(to).count("sign_in_code")
    assert outcome(prove(browser, login)) == f"302 {CODE}"
    assert Mailbox().kinds(to).count("sign_in_code") == before + 1, "no code was mailed"
    return outcome(browser.post(CODE, {"code": mailed_code(to)}))


def shown_seed(browser: Visitor, path: str = APP) -> bytes:
    page = browser.get(path).content.decode()
    written = re.search(r'id="seed">([A-Z2-7 ]+)<', page)
    assert written, page
    return base64.b32decode(written.group(1).replace(" ", ""))


def add_app(browser: Visitor) -> bytes:
    seed = shown_seed(browser)
    answer = browser.post(APP, {"code": second_steps.code_for(seed)})
    assert outcome(answer) == f"302 {FINISH}"
    return seed


def shown_codes(browser: Visitor) -> list[str]:
    page = browser.get(FINISH).content.decode()
    return re.findall(r"<li>(\w{4}-\w{4}-\w{4}-\w{4})</li>", page)


def finish(browser: Visitor) -> str:
    return outcome(browser.post(FINISH, {"saved": "on"}))


def request_of(user: User) -> RecoveryRequest:
    return RecoveryRequest.objects.filter(user=user).latest("pk")


def stop_link(to: str = "alice@example.org") -> str:
    return [one for one in Mailbox().all(to) if one.kind == "recovery_waits"][-1].link


def tell_all() -> int:
    return recovery_telling.tell(500)


def factors_of(user: User) -> list[Any]:
    """All there is to prove a second step of theirs."""
    from mfa.flows.wiping import KINDS
    from mfa.models import RecoveryCode

    rows: list[Any] = [list(kind._default_manager.filter(user=user).values()) for kind in KINDS]
    return [*rows, list(RecoveryCode.objects.filter(codes__user=user).values())]
