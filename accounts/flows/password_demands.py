"""Evidence that strangers know somebody's password: staff or an operator demand a new one.

The person's sessions end, they are told by letter, and the next sign-in leads to the page on which a
new one is chosen (accounts/flows/must_change.py), or a reset letter does (NIST SP 800-63B-4 3.1.1.2).
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.errors import CredentialsMoved
from accounts.flows import credentials, rights
from accounts.language import known_language
from accounts.models import User
from accounts.outbox import letters
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit.events import Event


def by_staff(request: HttpRequest, person: User, *, reason: str) -> bool:
    """Demand it; False for people switched off or without a password.

    Raises PermissionDenied for whom the actor may not change, ReauthenticationRequired without a
    fresh proof, CredentialsMoved if they changed since `person` was loaded.
    """
    demand_fresh_proof(request)
    if not rights.may(request.user, person, rights.DEMAND):
        raise PermissionDenied
    if not is_possible(person):
        return False
    letter = _letter(
        person, reason, letters.Happening(at=timezone.now(), time_zone=person.time_zone)
    )
    with transaction.atomic():
        now = guard.hold(request, person)
        if not rights.may(request.user, now, rights.DEMAND):
            raise PermissionDenied
        _mark(person, letter, reason, request=request)
    return True


def by_operator(person: User, *, reason: str) -> bool:
    """The same from the command line."""
    if not is_possible(person):
        return False
    letter = _letter(person, reason, None)
    with transaction.atomic():
        _mark(person, letter, reason, request=None)
    return True


def is_possible(person: User) -> bool:
    return person.is_active and person.has_usable_password()


def _letter(person: User, reason: str, happened: letters.Happening | None) -> letters.Letter:
    with translation.override(known_language(person.language) or settings.LANGUAGE_CODE):
        action = _(
            "All devices were signed out. You will be asked for a new password at your next sign-in."
        )
    return letters.staff_changed(
        **letters.reader(person), action=action, reason=reason, happened=happened
    )


def _mark(
    person: User, letter: letters.Letter, reason: str, *, request: HttpRequest | None
) -> None:
    if not User.objects.filter(pk=person.pk, password=person.password).update(
        password_must_change=timezone.now()
    ):
        raise CredentialsMoved
    credentials.moved(
        person,
        Event.STAFF_PASSWORD_DEMANDED,
        request=request,
        letters=[letter],
        end_others=True,
        actor=credentials.hand_of(request),
        reason=reason,
    )
