"""People who have been here for long, what a stranger changes, and the way back by a letter's link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import AddressSince, KnownDevice, User
from mfa.models import AuthenticatorApp, RecoveryCodes
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

LOGIN, EMAIL, CONFIRM = "/accounts/login/", "/accounts/email/", "/accounts/confirm-email/"
CHANGE = "/accounts/password/change/"
UNDO, PASSWORD, DONE = "/accounts/undo/", "/accounts/undo/password/", "/accounts/undo/done/"
KEEP = "/accounts/undo/keep/"
NEW, THEIRS = "nine lanterns over the marsh", "fourteen crows on the wire"


def sign_in(name: str, *, password: str = cast.PASSWORD, browser: Visitor | None = None) -> Visitor:
    browser = browser or Visitor()
    browser.post(LOGIN, {"login": name, "password": password})
    return browser


def long_here(user: User, *, days: int = 30) -> None:
    """As if all that is theirs had been so for so long."""
    since = timezone.now() - timedelta(days=days)
    AddressSince.objects.filter(address__user=user).update(confirmed_at=since)
    KnownDevice.objects.filter(user=user).update(created_at=since)
    User.objects.filter(pk=user.pk).update(password_changed_at=since)
    AuthenticatorApp.objects.filter(user=user).update(created_at=since)
    RecoveryCodes.objects.filter(user=user).update(created_at=since)


def at_home(user: User) -> Visitor:
    """A browser that has been the person's for a month; not signed in just now."""
    browser = sign_in(user.username)
    browser.post("/accounts/logout/")
    long_here(user)
    return browser


def take_over_the_address(browser: Visitor, address: str) -> None:
    """Make `address` the main one, by a browser that is signed in and knows the mailbox."""
    browser.post(EMAIL, {"email": address})
    browser.post(CONFIRM, {"code": Mailbox().latest(address).code})
    browser.post(EMAIL, {"action": "main", "email": address})


def change_password(browser: Visitor, new: str = THEIRS, *, old: str = cast.PASSWORD) -> Any:
    return browser.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})


def link_to(address: str, kind: str) -> str:
    """The path of the newest letter of that kind there."""
    return [one for one in Mailbox().all(address) if one.kind == kind][-1].link


def open_and_stop(link: str, browser: Visitor | None = None) -> Visitor:
    browser = browser or Visitor()
    browser.get(link)
    browser.post(UNDO)
    return browser


def put_back(browser: Visitor, proof: str = cast.PASSWORD, new: str = NEW) -> Any:
    browser.post(UNDO, {"proof": proof})
    return browser.post(PASSWORD, {"password1": new, "password2": new})


def main_address(user: User) -> str:
    user.refresh_from_db()
    assert EmailAddress.objects.get(user=user, primary=True).email == user.email
    return user.email
