"""Staff have the letter sent again that confirms an address somebody asked to add."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.flows import addresses, proofs, rights, staff
from accounts.lockout import budgets
from accounts.lockout.recipients import mailbox
from accounts.models import User
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event


def resend(request: HttpRequest, person: User, email: str, *, reason: str) -> bool:
    """A new letter with a new code to `email`; False where it does not wait to be confirmed any more.
    The code is worth nothing but in a session of the person.

    Raises PermissionDenied, ReauthenticationRequired; TooManyTries, where that mailbox has enough."""
    demand_fresh_proof(request)
    if not rights.may(request.user, person, rights.RESEND):
        raise PermissionDenied
    if email not in addresses.waiting(person):
        return False
    budgets.spend_share(budgets.ADDRESS_LETTERS, mailbox(email), by=f"user:{request.user.pk}")
    proof = proofs.new_proof()
    letter = addresses.letter_to(person, email, proof)
    told = staff.told(request, person, _what_was_sent, reason)
    with transaction.atomic():
        now = rights.held_for(request, person, rights.RESEND)
        if email not in addresses.waiting(now):
            return False
        proofs.keep(proof, email=email, user=now)
        letter.put()
        told.put()
        trail.record(
            Event.STAFF_CONFIRMATION_RESENT,
            actor=request.user,
            subject=now,
            request=request,
            label=email,
            reason=reason,
        )
    return True


def _what_was_sent() -> str:
    return _("The email that confirms an address you want to add was sent again.")
