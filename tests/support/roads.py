"""Every road into a session, walked up to its second step by somebody who has one."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse

from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

LOGIN, STEP = "/accounts/login/", "/accounts/mfa/authenticate/"
RESET = "/accounts/password/reset/"
NEW_PASSWORD = "nine lanterns over the marsh"
TWICE = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

Road = Callable[[Visitor], HttpResponse]


def by_password(browser: Visitor, who: str = "carol", **more: str) -> HttpResponse:
    return browser.post(LOGIN, {"login": who, "password": cast.PASSWORD, **more})


def by_address(browser: Visitor) -> HttpResponse:
    return by_password(browser, "carol@example.org")


def by_the_staff_desk(browser: Visitor) -> HttpResponse:
    where = browser.get("/admin/", follow=True).redirect_chain[-1][0]
    assert where.startswith(LOGIN), where
    return by_password(browser, next="/admin/")


def by_mailed_code(browser: Visitor) -> HttpResponse:
    browser.post("/accounts/login/code/", {"login": "carol"})
    code = Mailbox().latest("carol@example.org").code
    return browser.post("/accounts/login/code/confirm/", {"code": code})


def link_of_a_reset(browser: Visitor, who: str = "carol") -> str:
    """The page behind the link, without its key."""
    browser.post(RESET, {"login": who})
    return browser.get(Mailbox().latest().link)["Location"]
