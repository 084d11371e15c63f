"""Staff or an operator cancel the deletion of an account that waits for its day."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.flows import credentials, rights, staff
from accounts.management.operator import PersonAct, by_operator, moment
from accounts.models import User
from accounts.step_up import demand_fresh_proof
from accounts.undo import sets
from audit import trail
from audit.events import Event


def cancel(request: HttpRequest | None, person: User, *, reason: str) -> bool:
    """Let `person` keep their account; False if it was not waiting any more. By the staff who are
    signed in, or by an operator, who has no request.

    Raises PermissionDenied, ReauthenticationRequired; User.DoesNotExist for one that is erased."""
    if request is not None:
        demand_fresh_proof(request)
    mail = staff.told_everywhere(request, person, _what_was_done, reason)
    with transaction.atomic():
        now = rights.held_for(request, person, rights.KEEP)
        waits = User.objects.filter(pk=now.pk, deletion_due_at__isnull=False)
        if not waits.update(deletion_due_at=None):
            return False
        sets.close_deletion(now)
        trail.record(
            Event.STAFF_DELETION_CANCELLED,
            actor=credentials.hand_of(request),
            subject=now,
            request=request,
            reason=reason,
        )
        for letter in mail:
            letter.put()
    return True


def _what_was_done() -> str:
    return _("The deletion of your account was cancelled: it is kept.")


def _effect(person: User) -> str:
    if person.deletion_due_at is None:
        return ""
    return (
        f"Keeps the account of {person.username}, which would be erased on"
        f" {person.deletion_due_at:%Y-%m-%d}. Tells all addresses."
    )


act = PersonAct(
    effect=_effect,
    facts=lambda person: {"deletion_due_at": moment(person.deletion_due_at)},
    do=by_operator(cancel, "cancelled"),
)
