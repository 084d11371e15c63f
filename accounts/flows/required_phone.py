"""A phone number that everybody must have (POLICY_PHONE_REQUIRED), before the session opens."""

from __future__ import annotations

import time
from typing import cast

from allauth.account.models import Login
from django.http import HttpRequest

from accounts.errors import CredentialsMoved
from accounts.flows import phone
from accounts.flows.sign_in import BEGAN_UNDER
from accounts.models import Phone, User
from accounts.sessions import guard

# How long the page waits, texts that are slow included: what was proved before it grows old.
SECONDS = 1800


def lacks(login: Login) -> bool:
    """Whether this person must prove a number first. One SELECT where the operator asks for numbers."""
    return isinstance(login.user, User) and is_lacking(login.user)


def is_lacking(user: User) -> bool:
    """The same of `user`, whoever asks."""
    if not phone.is_required():
        return False
    if user.held_since:  # nothing is changed there until a stopped change is settled
        return False
    if user.passkey_for_changes:  # and nothing there by whoever has the password alone
        return False
    return not Phone.objects.filter(user=user).exists()


def hold(request: HttpRequest) -> float:
    """The sign-in waits for a number from now on; the moment.

    SECURITY: under a new session key. A sign-up proves nothing that would renew it, and whoever planted
    the visitor's key must not find the page here, and give the account a number of theirs."""
    guard.cycle(request)
    return time.time()


def still_waits(request: HttpRequest, login: Login, since: float) -> bool:
    """Whether what was proved still counts: for half an hour, and under these credentials."""
    user = login.user
    if not isinstance(user, User) or not user.is_active:
        return False
    return time.time() - since <= SECONDS and _began_under_these(request, user)


def begin(request: HttpRequest, login: Login, number: str) -> None:
    """Text a code to `number` (E.164). Raises TooManyTries, NumberNotServed, CredentialsMoved."""
    phone.send(request, _person(request, login), number)


def confirm(request: HttpRequest, login: Login, typed: str) -> bool:
    """Whether the right code was typed: the number is the person's, and the sign-in goes on under the
    credentials that this made. Raises TooManyTries, CredentialsMoved."""
    user = _person(request, login)
    if not phone.prove(request, user, typed, is_signed_in=False):
        return False
    request.session[BEGAN_UNDER] = user.credentials_version
    return True


def waiting(request: HttpRequest, login: Login) -> str:
    """The number that waits for its code in this browser, or ''."""
    return phone.waiting(request, cast(User, login.user))


def _person(request: HttpRequest, login: Login) -> User:
    """Raises CredentialsMoved when the way into the account changed since this sign-in began."""
    user = login.user
    if not isinstance(user, User) or not _began_under_these(request, user):
        raise CredentialsMoved
    return user


def _began_under_these(request: HttpRequest, user: User) -> bool:
    return bool(request.session.get(BEGAN_UNDER) == user.credentials_version)
