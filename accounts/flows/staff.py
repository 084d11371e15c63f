"""What staff do to people's accounts: with a reason, a row in the trail, a letter to the person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from django.contrib.admin.utils import label_for_field
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.flows import credentials, password_reset
from accounts.models import User
from accounts.outbox import letters
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event

MANY = frozenset({"groups", "user_permissions"})
RIGHTS = MANY | {"is_staff", "is_superuser"}


def may_change(actor: User | AnonymousUser, person: User) -> TypeGuard[User]:
    """Staff below the highest change neither the highest nor each other (nobody rises above whoever
    lifts them, and nobody is shut out by an equal)."""
    if not (actor.is_active and actor.is_staff):
        return False
    return actor.is_superuser or not (person.is_superuser or person.is_staff)


def change(request: HttpRequest, person: User, *, fields: Sequence[str], reason: str) -> None:
    """Store what a form changed on `person`; call it inside a transaction with the rest of the form.

    Raises PermissionDenied for what the actor may not change, ReauthenticationRequired without a
    fresh proof. Switching somebody off or on, and any change of rights, ends their sessions, reset
    links and logins under way.
    """
    demand_fresh_proof(request)
    letter = _told(
        request, person, ", ".join(str(label_for_field(f, User)) for f in fields), reason
    )
    with transaction.atomic():
        guard.still_alive(request)
        before = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
        actor = request.user
        if not may_change(actor, before) or (RIGHTS & set(fields) and not actor.is_superuser):
            raise PermissionDenied
        # Nobody shuts themselves out, so somebody of the highest rank always stays.
        if person.pk == actor.pk and {*RIGHTS, "is_active"} & set(fields):
            raise PermissionDenied
        if not fields:
            return
        columns = [field for field in fields if field not in MANY]
        if columns:
            person.save(update_fields=columns)
        changed, rights = list(fields), bool(RIGHTS & set(fields))
        switched = before.is_active != person.is_active
        if switched or not rights:
            trail.record(
                Event.STAFF_USER_CHANGED,
                actor=actor,
                subject=person,
                request=request,
                fields=changed,
                reason=reason,
            )
        if switched:
            event = Event.ACTIVATED if person.is_active else Event.DEACTIVATED
            _end_what_is_open(request, person, event, letter, reason=reason)
        elif rights:
            event = Event.STAFF_USER_CHANGED
            _end_what_is_open(request, person, event, letter, fields=changed, reason=reason)
        else:
            letter.put()


def _end_what_is_open(
    request: HttpRequest, person: User, event: Event, letter: letters.Letter, **facts: Any
) -> None:
    credentials.moved(
        person,
        event,
        request=request,
        letters=[letter],
        end_others=True,
        actor=request.user,
        **facts,
    )


def _sentence(person: User, fields: Sequence[str]) -> str:
    """What was done to the account, for the person's letter."""
    if "is_active" in fields:
        return (
            _("The account was switched on.")
            if person.is_active
            else _("The account was switched off.")
        )
    names = ", ".join(str(label_for_field(field, User)) for field in fields)
    return _("This was changed: %(fields)s.") % {"fields": names}


def _told(request: HttpRequest, person: User, action: str, reason: str) -> letters.Letter:
    return letters.staff_changed(
        to=person.email,
        language=person.language,
        name=person.name,
        subject_id=person.subject_id,
        action=action,
        reason=reason,
        happened=letters.Happening.of(request, user=person),
    )


def send_reset_letter(request: HttpRequest, person: User, *, reason: str) -> bool:
    """Queue a reset letter and the one that says staff did it; False for people switched off."""
    demand_fresh_proof(request)
    if not may_change(request.user, person):
        raise PermissionDenied
    if not person.is_active:
        return False
    told = _told(
        request, person, _("A letter with a link to choose a new password was sent."), reason
    )
    link = password_reset.letter_with_link(person, person.email, by_staff=True)
    with transaction.atomic():
        guard.still_alive(request)
        link.put()
        told.put()
        trail.record(
            Event.STAFF_RESET_LETTER_SENT,
            actor=request.user,
            subject=person,
            request=request,
            reason=reason,
        )
    return True
