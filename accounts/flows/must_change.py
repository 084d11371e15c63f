"""A password that strangers know, or may know, is changed before its owner goes on.

It is found out at a sign-in, by the operator's breached set and the common lists, or demanded by
staff (`User.password_must_change`). The person has proved everything else by then: the stage is the
last one of the road, so a breached password alone sets no new one.
"""

from __future__ import annotations

import time

from allauth.account.models import Login
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest

from accounts.errors import CredentialsMoved
from accounts.flows import credentials, passwords
from accounts.flows.sign_in import BEGAN_UNDER
from accounts.lockout import buckets, budgets, tries
from accounts.models import User
from accounts.passwords import slots, validators
from accounts.undo import sets
from audit import trail
from audit.events import Event

# How long the page waits: what was proved before it grows old.
SECONDS = 600
_STATE = "password_known_as"


def note(login: Login, password: str) -> None:
    """Remember with the sign-in under way whether strangers know the right password: only that, and
    nothing made from it. No hash."""
    if known_as := validators.strangers_know_it_as(password):
        login.state[_STATE] = known_as


def cause_of(login: Login) -> str:
    """Why this sign-in must not go on with its password: breached, common, demanded, or ''."""
    user = login.user
    if not isinstance(user, User) or not _may_be_asked(user):
        return ""
    return "demanded" if is_demanded(user) else login.state.get(_STATE, "")


def is_demanded(user: User) -> bool:
    """Whether staff demanded it, so that each sign-in waits for it, whatever the password is."""
    return user.password_must_change is not None and _may_be_asked(user)


def _may_be_asked(user: User) -> bool:
    """Nothing is changed where a change was stopped, until that is settled."""
    return user.has_usable_password() and not user.held_since


def hold(request: HttpRequest, login: Login) -> float:
    """The sign-in waits for a new password from now on; the moment. It waits under a new session key
    (accounts/receivers.py): whoever knew the visitor's must not find the page here."""
    trail.record(
        Event.PASSWORD_MUST_CHANGE, subject=login.user, request=request, cause=cause_of(login)
    )
    return time.time()


def still_waits(request: HttpRequest, login: Login, since: float) -> bool:
    """Whether what was proved still counts: for ten minutes, and under these credentials."""
    user = login.user
    if not isinstance(user, User) or not user.is_active:
        return False
    began_under = request.session.get(BEGAN_UNDER)
    return time.time() - since <= SECONDS and began_under == user.credentials_version


def count_one_more(request: HttpRequest, login: Login) -> None:
    """A password is offered, which costs hashes to look at; raises TooManyTries. Whoever is here knew
    the old one, as a thief may: from one network they leave the owner half of the tries."""
    network = buckets.network_bucket(request)
    budgets.spend_share(budgets.REQUIRED_PASSWORDS, f"user:{login.user.pk}", by=network)


def choose(request: HttpRequest, login: Login, password: str) -> None:
    """Set the new password, once for whoever races; the sign-in then goes on under it.

    Raises CredentialsMoved when the way into the account changed since this sign-in began.
    """
    user = login.user
    if not isinstance(user, User) or request.session.get(BEGAN_UNDER) != user.credentials_version:
        raise CredentialsMoved
    required = cause_of(login)
    with slots.calling(tries.caller(request, user)):
        hashed = make_password(password)
    undo = sets.begin(user, "password")
    told = passwords.changed_letters(request, user, kind="changed", undo=undo)
    with transaction.atomic():
        passwords.replace(user, hashed)
        credentials.moved(
            user,
            Event.PASSWORD_CHANGED,
            request=request,
            letters=told,
            end_others=True,
            undo=undo,
            required=required or None,
        )
    request.session[BEGAN_UNDER] = user.credentials_version


def give_up(request: HttpRequest) -> None:
    """The sign-in under way is over; whoever goes on begins anew."""
    request.session.pop(BEGAN_UNDER, None)
