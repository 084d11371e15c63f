"""People who take usernames, and sign in by them."""

from __future__ import annotations

from tests.support import cast
from tests.support.race import outcome
from tests.support.visitor import Visitor

PAGE, PROFILE, LOGIN = "/accounts/username/", "/accounts/profile/", "/accounts/login/"
SIGN_UP, CONFIRM = "/accounts/signup/", "/accounts/confirm-email/"
CHOSEN = "nine lanterns over the marsh"


def at_home(username: str = "alice") -> Visitor:
    browser = Visitor()
    assert signs_in(username, browser)
    return browser


def signs_in(name: str, browser: Visitor | None = None) -> bool:
    answer = (browser or Visitor()).post(LOGIN, {"login": name, "password": cast.PASSWORD})
    return answer.status_code == 302


def take(username: str, browser: Visitor) -> str:
    return outcome(browser.post(PAGE, {"username": username}))


def sign_up(username: str, email: str) -> Visitor:
    browser = Visitor()
    browser.post(SIGN_UP, {"email": email, "username": username, "password1": CHOSEN})
    return browser
