"""Staff or an operator sign somebody out everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.flows import credentials, rights, staff
from accounts.management.operator import PersonAct, by_operator
from accounts.models import Session, User
from accounts.step_up import demand_fresh_proof
from audit.events import Event


def end_all(request: HttpRequest | None, person: User, *, reason: str) -> int:
    """End every session of `person`, sign-ins under way and links that were sent; returns how many
    sessions. The password and second steps stay. By the staff who are signed in, or by an operator, who
    has no request.

    Raises PermissionDenied, ReauthenticationRequired; CredentialsMoved."""
    if request is not None:
        demand_fresh_proof(request)
    letter = staff.told(request, person, _what_was_done, reason)
    with transaction.atomic():
        now = rights.held_for(request, person, rights.SIGN_OUT, own=False)
        return credentials.moved(
            now,
            Event.STAFF_SIGNED_OUT,
            request=request,
            letters=[letter],
            end_others=True,
            actor=credentials.hand_of(request),
            reason=reason,
        )


def _what_was_done() -> str:
    return _("All devices were signed out. Your password and second steps stay as they are.")


def open_of(person: User) -> int:
    return Session.objects.filter(user=person, expires_at__gt=timezone.now()).count()


def _effect(person: User) -> str:
    return f"Signs {person.username} out everywhere. Tells {person.email}."


def _facts(person: User) -> Mapping[str, Any]:
    return {"sessions": open_of(person)}


act = PersonAct(effect=_effect, facts=_facts, do=by_operator(end_all, "sessions_ended"))
