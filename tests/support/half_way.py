"""Browsers that wait on a page which no address alone leads to: each page, and who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from accounts.flows import password_demands
from accounts.models import User
from mfa.factors import Factors
from mfa.flows import changes, recovery_telling, wiping
from tests.support import cast, furnished, second_steps, undoing
from tests.support.deeds import CONFIRM, LINK, PASSWORD, RESET, SIGN_UP
from tests.support.mailbox import Mailbox
from tests.support.recovering import CODE, STEP, mailed_code, prove, shown_seed
from tests.support.visitor import Visitor

Page = tuple[str, Visitor]
APP, MAILED = "/accounts/mfa/totp/activate/", "/accounts/mfa/email/activate/"
BY_CODE, UNLOCK, BY_TEXT = "/accounts/login/code/", "/accounts/unlock/", f"{RESET}text/"
PAGES: list[Callable[[User], Iterator[Page]]] = []


def page(walk: Callable[[User], Iterator[Page]]) -> Callable[[User], Iterator[Page]]:
    PAGES.append(walk)
    return walk


def latest(kind: str) -> Any:
    return [letter for letter in Mailbox().all() if letter.kind == kind][-1]


def opened(kind: str, browser: Visitor | None = None) -> Page:
    """Where the link of the newest letter of that kind leads."""
    browser = browser or Visitor()
    return browser.get(latest(kind).link)["Location"], browser


@page
def signing_up(user: User) -> Iterator[Page]:
    browser = Visitor()
    browser.post(SIGN_UP, {"email": "new@example.org", "password1": PASSWORD})
    yield CONFIRM, browser
    yield opened("confirm_address")
    browser.get(latest("confirm_address").link)
    yield LINK, browser


@page
def at_the_second_step(user: User) -> Iterator[Page]:
    browser = undoing.sign_in(user.username)
    yield f"{STEP}?choose=1", browser
    yield "/accounts/mfa/help/", browser
    for way in ("app", "passkey", "recovery_code", "mailed_code", "texted_code"):
        yield f"{STEP}?method={way}", browser
    for way in ("mailed_code", "texted_code"):
        browser.post(STEP, {"send": way})
        yield f"{STEP}?method={way}", browser


@page
def resetting(user: User) -> Iterator[Page]:
    cast.person("rita")
    browser = Visitor()
    browser.post(RESET, {"login": "rita"})
    yield f"{RESET}done/", browser
    yield opened("reset_password", browser)


@page
def resetting_by_text(user: User) -> Iterator[Page]:
    browser = Visitor()
    browser.post(BY_TEXT, {"login": user.username})
    yield f"{BY_TEXT}code/", browser


@page
def signing_in_by_code(user: User) -> Iterator[Page]:
    browser = Visitor()
    browser.post(BY_CODE, {"login": user.username})
    yield f"{BY_CODE}confirm/", browser


@page
def getting_in_by_letter(user: User) -> Iterator[Page]:
    browser = Visitor()
    browser.post(UNLOCK, {"login": user.username})
    yield f"{UNLOCK}code/", browser
    yield opened("unlock")


@page
def without_a_second_step(user: User) -> Iterator[Page]:
    browser = Visitor()
    prove(browser, user.username)
    yield CODE, browser
    browser.post(CODE, {"code": mailed_code(user.email)})
    recovery_telling.tell(500)
    yield opened("recovery_waits")
    yield "/accounts/", furnished.signed_in(user)


@page
def undoing_a_change(user: User) -> Iterator[Page]:
    una = cast.person("una")
    undoing.at_home(una)
    undoing.change_password(undoing.sign_in("una"))
    link = undoing.link_to(una.email, "password_changed")
    browser = Visitor()
    browser.get(link)
    yield undoing.UNDO, browser
    browser.post(undoing.UNDO)
    yield undoing.UNDO, browser
    browser.post(undoing.UNDO, {"proof": cast.PASSWORD})
    yield undoing.PASSWORD, browser


@page
def whose_password_is_known(user: User) -> Iterator[Page]:
    password_demands.by_operator(cast.person("dana"), reason="Seen on a list")
    yield "/accounts/password/required/", undoing.sign_in("dana")


@page
def leaving(user: User) -> Iterator[Page]:
    cast.person("leo")
    browser = undoing.sign_in("leo")
    browser.post("/accounts/delete/", {"sure": "on"})
    yield "/accounts/delete/set/", browser
    undoing.sign_in("leo", browser=browser)
    yield "/accounts/inactive/", browser


@page
def setting_up(user: User) -> Iterator[Page]:
    cast.person("ned")
    browser = undoing.sign_in("ned")
    yield "/accounts/mfa/webauthn/offer/", browser
    yield "/accounts/mfa/", browser
    yield MAILED, browser
    browser.post(MAILED, {"send": "1"})
    yield MAILED, browser
    browser.post("/accounts/phone/change/", {"number": "+33612345679"})
    yield "/accounts/phone/verify/", browser
    yield APP, browser
    browser.post(APP, {"code": second_steps.code_for(shown_seed(browser, APP))})
    yield "/accounts/mfa/recovery-codes/generate/", browser


@page
def who_must_have_a_second_step(user: User) -> Iterator[Page]:
    eve = cast.administrator("eve")
    wiping.remove_all(eve)
    changes.keep_state(eve, Factors())
    yield "/accounts/mfa/required/", undoing.sign_in("eve")


@page
def proving_it_again(user: User) -> Iterator[Page]:
    browser = furnished.signed_in(user)
    for way in ("app", "passkey"):
        yield f"/accounts/mfa/reauthenticate/?method={way}", browser
    cast.person("noa")
    browser = undoing.sign_in("noa")
    User.objects.filter(username="noa").update(password="!none")
    yield "/accounts/mfa/reauthenticate/?method=mailbox", browser
