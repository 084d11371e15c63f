"""Who of staff may do what to whom: each act takes a permission of its own, and rank."""

from __future__ import annotations

from copy import copy
from typing import TypeGuard

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.flows import profile
from accounts.models import User
from accounts.sessions import guard
from audit.fact_words import STAFF_MARKS

SEE = "accounts.view_user"
SEE_EVENTS = "audit.view_entry"
CHANGE = "accounts.change_user"
UNLOCK = "accounts.unlock_user"
SIGN_OUT = "accounts.sign_out_user"
SEND_RESET = "accounts.send_reset_letter"
RESEND = "accounts.resend_confirmation"
DEMAND = "accounts.demand_password"
SWITCH = "accounts.switch_user"
KEEP = "accounts.cancel_deletion"
LIFT_HOLD = "accounts.lift_hold"
LIFT_LIMITS = "accounts.lift_limits"
GRANT = "accounts.grant_staff"

RIGHTS = (*STAFF_MARKS, "staff_until", "groups", "user_permissions")
ACCESS = ("is_active", *RIGHTS)


def rank(person: User | AnonymousUser) -> int:
    """Superusers above administrators (whoever grants rights) above other staff above people."""
    if person.is_superuser:
        return 3
    if not person.is_staff:
        return 0
    return 2 if _grants(person) else 1


def _grants(person: User | AnonymousUser) -> bool:
    """Whether they hand out rights, or would if they were switched on: who is switched off has not come
    down by it."""
    if person.is_active:
        return person.has_perm(GRANT)
    on = copy(person)
    on.is_active = True
    return on.has_perm(GRANT)


def may(actor: User | AnonymousUser, person: User, permission: str) -> TypeGuard[User]:
    """Below the highest rank, staff act on those below them: nobody rises above whoever lifts them, and
    nobody is shut out by an equal."""
    if not (actor.is_active and actor.is_staff and actor.has_perm(permission)):
        return False
    return actor.is_superuser or rank(actor) > rank(person)


def may_change(actor: User | AnonymousUser, person: User) -> TypeGuard[User]:
    return may(actor, person, CHANGE)


def may_see(actor: User | AnonymousUser) -> bool:
    """Whoever may see people, or change them, may ask why somebody cannot sign in."""
    return actor.is_active and actor.is_staff and any(map(actor.has_perm, (SEE, CHANGE)))


def acts(actor: User | AnonymousUser, person: User) -> frozenset[str]:
    """The names of the permissions under which `actor` may act on `person`: what pages offer."""
    every = (UNLOCK, SIGN_OUT, SEND_RESET, RESEND, DEMAND, SWITCH, KEEP, LIFT_HOLD, LIFT_LIMITS)
    held = [one for one in every if actor.has_perm(one)]
    found = held if held and may(actor, person, held[0]) else []
    return frozenset(one.partition(".")[2] for one in found)


def changeable(actor: User | AnonymousUser, person: User) -> frozenset[str]:
    """The fields of `person` that `actor` may change: the page draws these, `change` takes no other.

    Only superusers make superusers. Nobody changes their own access, so somebody of the highest rank
    always stays.
    """
    fields: set[str] = set()
    if may(actor, person, CHANGE):
        fields |= set(profile.FIELDS)
    if person.pk != actor.pk:
        if may(actor, person, SWITCH):
            fields.add("is_active")
        if may(actor, person, GRANT):
            fields |= set(RIGHTS) - (set() if actor.is_superuser else {"is_superuser"})
    return frozenset(fields)


def held_for(
    request: HttpRequest | None, person: User, permission: str, *, own: bool = True
) -> User:
    """`person` as they are now, held to the end of the transaction, for an act of the staff who are
    signed in, or of an operator, who has no request. Raises PermissionDenied for whom the actor may not
    do it to (nor, unless `own`, themselves); User.DoesNotExist.

    SECURITY: of both as they are now, not as the page or the form has them."""
    if request is None:
        return User.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    actor, now = guard.hold_both(request, person)
    if not may(actor, now, permission) or (actor.pk == now.pk and not own):
        raise PermissionDenied
    return now
