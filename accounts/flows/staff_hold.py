"""Staff or an operator open an account again in which a change was stopped."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.flows import credentials, rights, staff, undo
from accounts.management.operator import PersonAct, by_operator, moment
from accounts.models import User
from accounts.step_up import demand_fresh_proof


def lift(request: HttpRequest | None, person: User, *, reason: str) -> int:
    """Let everything go on there as it is now: all sessions end, new devices sign in, and the stopped
    change stays. Returns how many sessions ended. By the staff who are signed in, on those below them
    and never on themselves, or by an operator, who has no request.

    Raises PermissionDenied, ReauthenticationRequired; CredentialsMoved."""
    if request is not None:
        demand_fresh_proof(request)
    # Those from before the change too: what is given up here is what its link protected.
    also = undo.addresses_from_before(person)
    mail = staff.told_everywhere(request, person, _what_was_done, reason, also=also)
    with transaction.atomic():
        now = rights.held_for(request, person, rights.LIFT_HOLD, own=False)
        actor = credentials.hand_of(request)
        return undo.lift(now, request=request, actor=actor, reason=reason, mail=mail)


def _what_was_done() -> str:
    return _(
        "A change to your account had been stopped. The account was opened again as it is now, and all"
        " devices were signed out."
    )


def _effect(person: User) -> str:
    if person.held_since is None:
        return ""
    return (
        f"Opens {person.username}, where a change was stopped on {person.held_since:%Y-%m-%d}; the"
        f" change stays. Ends all sessions. Tells all addresses."
    )


act = PersonAct(
    effect=_effect,
    facts=lambda person: {"held_since": moment(person.held_since)},
    do=by_operator(lift, "sessions_ended"),
)
