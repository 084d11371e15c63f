"""What the asker goes on with by themselves, once a second one of staff said yes (`approvals`)."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from accounts.flows import approvals, approvers
from accounts.flows.approvals import Wish
from accounts.models import Approval, User
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit.trail import Two


def ask(request: HttpRequest, wish: Wish, *, reason: str) -> Approval:
    """Ask a second one for what is nobody's account: the asker goes on once they said yes (`granted`,
    `spend`).

    Raises PermissionDenied, ReauthenticationRequired."""
    demand_fresh_proof(request)
    mail = approvers.telling(request.user, wish, reason)
    with transaction.atomic():
        guard.still_alive(request)
        if not approvals.may_say(User.objects.get(pk=cast(User, request.user).pk), wish):
            raise PermissionDenied
        return approvals.note(request, wish, reason=reason, mail=mail)


def granted(actor: User, wish: Wish) -> Approval | None:
    """The word for exactly this that `actor` may use now; `spend` uses it up."""
    rows = approvals.live().filter(
        act=wish.act,
        person=wish.person,
        about=wish.about,
        asked_by=actor,
        approved_by__isnull=False,
    )
    found = rows.select_related("asked_by", "approved_by", "person").first()
    if found is None or found.asked != wish.asked or not approvals.counts(found):
        return None
    second = cast(User, found.approved_by)
    stands = approvals.speaks_still(second, found.approved_version)
    return found if stands and approvals.may_say(second, wish) else None


def spend(actor: User, wish: Wish) -> Two | None:
    """Inside the transaction of the act, or right before it: once, who said yes to it, for its entry in
    the trail."""
    found = granted(actor, wish)
    if found is None:
        return None
    mine = Approval.objects.filter(pk=found.pk, approved_at=found.approved_at)
    second = cast(User, found.approved_by)
    return Two(found.pk, approved_by=second.subject_id) if mine._raw_delete(mine.db) else None
