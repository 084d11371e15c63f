"""Signing in and out: the one road into a session, and the way out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_backends, user_login_failed
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import unsent
from accounts.errors import CredentialsMoved, SecondStepMissing, SignInFrozen
from accounts.flows import sign_in_letters
from accounts.gates import gates
from accounts.identify import find_user_once
from accounts.lockout import buckets, budgets, recipients, tries
from accounts.models import User
from accounts.moments import stored
from accounts.outbox import letters, letters_limits
from accounts.requests import OwnRequest
from accounts.sessions import proofs
from accounts.undo import held
from audit import trail
from audit.events import Event

BEGAN_UNDER = "login_began_under"
HIDDEN = "********"


def prove(request: HttpRequest, identifier: str, password: str) -> User | None:
    """The person whose name and password these are, or None; one hash whoever is asked for.

    A refusal is written to the trail outside any transaction, so that it cannot be rolled back. What
    a limit turned away was not compared and leaves no row: the trail has one for the limit itself,
    and nobody can fill it from outside.
    """
    user = compare(request, identifier, password)
    if user is not None or getattr(request, "axes_locked_out", False):
        return user
    found = find_user_once(request, identifier)
    account = buckets.account_bucket(request, {"username": identifier})
    reason = _reason(request, found)
    trail.record(
        Event.SIGN_IN_FAILED, subject=found, request=request, label=identifier, reason=reason
    )
    if found is not None and reason == "switched_off":
        tell_switched_off(found)
    if found is not None and reason == "frozen":
        tell_frozen(found)
    sign_in_letters.tell_of_failures(request, found, account)
    return None


@sensitive_variables("password")
def compare(request: HttpRequest, identifier: str, password: str) -> User | None:
    """The person whose name and password these are, by the backends, or None: Django's `authenticate`,
    which finds out for each try anew which of them take a name and a password (by their signatures,
    a fiftieth of a sign-in). Ours do, and so must any that is added."""
    for path, backend in zip(settings.AUTHENTICATION_BACKENDS, get_backends(), strict=True):
        try:
            user = backend.authenticate(request, username=identifier, password=password)
        except PermissionDenied:
            break
        if isinstance(user, User):
            user.backend = path
            return user
    given = {"username": identifier, "password": HIDDEN}
    user_login_failed.send(sender=__name__, credentials=given, request=request)
    return None


def _reason(request: HttpRequest, found: User | None) -> str:
    if refused := getattr(request, "refused_by", None):
        if refused.gate == "frozen":
            return "frozen"
        return "switched_off" if refused.reason == "switched_off" else "refused"
    return "wrong_password" if found else "unknown_account"


def tell_switched_off(user: User) -> None:
    """The page says what it says to everybody; the owner learns the truth by letter, once a day."""
    letter = letters.switched_off(**letters.reader(user))
    with transaction.atomic():
        whose = recipients.of(user, user.username)
        letter.put(wanted=budgets.spend_if_room(budgets.SWITCHED_OFF_LETTERS, whose))


def tell_frozen(user: User) -> None:
    """The same for an owner who has frozen sign-ins."""
    letter = letters_limits.sign_in_frozen(
        until=user.frozen_until or timezone.now(),
        time_zone=user.time_zone,
        **letters.reader(user),
    )
    with transaction.atomic():
        whose = recipients.of(user, user.username)
        letter.put(wanted=budgets.spend_if_room(budgets.SWITCHED_OFF_LETTERS, whose))


def begin(request: HttpRequest, user: User) -> None:
    """Somebody proved to be `user`, and goes on to the stages of the road: remember under which
    credentials. Every way into the road calls it."""
    request.session[BEGAN_UNDER] = user.credentials_version


def finish(request: HttpRequest, user: User, login: Callable[[HttpRequest, User], None]) -> None:
    """Open the session: `login` is Django's, called here and nowhere else. The session row and the
    row of the trail stand or fall together.

    SECURITY: a login that waited in a stage while the account's credentials changed ends here with
    CredentialsMoved, and so does one that nobody began. One that lacks the second step of a person
    who has two-step sign-in on never gets this far by the road, and ends with SecondStepMissing.
    Where its owner has frozen sign-ins meanwhile it ends with SignInFrozen.
    Where a change was stopped, it ends with SignInHeld on all devices but the owner's old ones.

    A sign-in in a browser that is not known for the person is told to all their addresses.
    """
    if request.session.pop(BEGAN_UNDER, None) != user.credentials_version:
        raise CredentialsMoved
    proved = proofs.of_request(request, user)
    if user.two_step_on and not proofs.has_second_step(proved):
        raise SecondStepMissing
    if user.held_since and not held.lets_in(user, held.device_of(request, user)):
        raise held.SignInHeld(user)
    if not gates.frozen(tries.facts_met(request, user)).is_open:
        raise SignInFrozen
    unsent.drop_of_others(request, user)
    told = sign_in_letters.of_new_device(request, user, proved)
    with transaction.atomic():
        _hold(user)
        login(request, user)
        first, second = _methods(proved)
        trail.record(
            Event.SIGNED_IN,
            actor=user,
            subject=user,
            request=request,
            method=first,
            second=second,
            device="new" if told and user.is_staff else None,
        )
        for letter in told:
            letter.put()
        request.session.save()
        request.session.modified = False


def _hold(user: User) -> None:
    """Note the sign-in on the person first of all. Whatever ends sessions or opens an account locks
    the person first too, so that none of them waits for a sign-in that waits for it."""
    now = timezone.now()
    with connection.cursor() as cursor:
        # Written out: composing it through the models costs more than it does.
        cursor.execute(
            "UPDATE accounts_user SET last_login = %s"
            " WHERE id = %s AND is_active AND credentials_version = %s",
            [stored(now), user.pk, user.credentials_version],
        )
        if not cursor.rowcount:
            raise CredentialsMoved
    user.last_login = now


def _methods(proved: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    """The first and the last proof that opened this session; none for a sign-up, which the address
    itself proved."""
    words = [str(one["method"]) for one in proved]
    return (words[0] if words else None), (words[-1] if words[1:] else None)


def prove_again(request: HttpRequest, user: User, password: str) -> bool:
    """Whether the signed-in person knows their password; counted like any other guess, and like it
    without a row where a limit turned it away."""
    found = compare(request, user.username, password)
    if found is not None and found.pk == user.pk:
        user.password = found.password  # an older hash was just replaced by one of today's
        return True
    if not getattr(request, "axes_locked_out", False):
        trail.record(
            Event.REAUTHENTICATION_FAILED,
            actor=user,
            subject=user,
            request=request,
            method="password",
        )
        sign_in_letters.tell_of_failures(request, user, buckets.of_user(user), inside=True)
    return False


def leave(request: OwnRequest, logout: Callable[[HttpRequest], None]) -> None:
    """Close the session: its row is gone before the answer is written."""
    user = request.user
    with transaction.atomic():
        logout(request)
        trail.record(Event.SIGNED_OUT, actor=user, subject=user, request=request)
