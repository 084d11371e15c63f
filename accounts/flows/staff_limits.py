"""Staff or an operator take off what somebody limited for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import own_limits
from accounts.flows import credentials, rights, staff
from accounts.flows import limits as own
from accounts.management.operator import PersonAct, by_operator
from accounts.models import User
from accounts.own_limits import Limits
from accounts.step_up import demand_fresh_proof
from audit.events import Event


def lift(request: HttpRequest | None, person: User, *, reason: str) -> int:
    """Take all of them off, and end all sessions. Returns how many ended. By the staff who are signed
    in, on those below them and never on themselves, or by an operator, who has no request.

    Raises PermissionDenied, ReauthenticationRequired; CredentialsMoved."""
    if request is not None:
        demand_fresh_proof(request)
    mail = staff.told_everywhere(request, person, _what_was_done, reason)
    with transaction.atomic():
        now = rights.held_for(request, person, rights.LIFT_LIMITS, own=False)
        own.lift_all(now)
        return credentials.moved(
            now,
            Event.STAFF_LIMITS_LIFTED,
            request=request,
            letters=mail,
            end_others=True,
            actor=credentials.hand_of(request),
            reason=reason,
        )


def _what_was_done() -> str:
    return _("The limits that you had set were taken off, and all devices were signed out.")


def _effect(person: User) -> str:
    if own_limits.of(person) == Limits():
        return ""
    return f"Takes off all limits of {person.username}. Ends all sessions. Tells all addresses."


def _facts(person: User) -> Mapping[str, Any]:
    return {"limits": own_limits.of(person).json()}


act = PersonAct(effect=_effect, facts=_facts, do=by_operator(lift, "sessions_ended"))
