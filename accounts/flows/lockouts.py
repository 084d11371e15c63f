"""Clearing a limit that is nobody's account: by staff, with a reason. An account is opened by
`staff.unlock`, which tells its owner."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from accounts.lockout import full
from accounts.lockout.full import Lockout
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event

CLEAR = "accounts.clear_lockout"


def may_clear(actor: Any) -> bool:
    return bool(actor.is_active and actor.is_staff and actor.has_perm(CLEAR))


def clear(request: HttpRequest, lockout: Lockout, *, reason: str) -> bool:
    """Let a network, the site or a name that nobody has be counted anew. False where it had opened by
    itself. Raises PermissionDenied, also for what is or may be somebody's account;
    ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    with transaction.atomic():
        if not (may_clear(guard.acting(request)) and lockout.is_clearable):
            raise PermissionDenied
        if not full.clear(lockout):
            return False
        trail.record(
            Event.LIMIT_CLEARED,
            actor=request.user,  # type: ignore[arg-type]
            request=request,
            budget=lockout.known.name,
            count=lockout.count,
            # SECURITY: a label is for all who read the trail, and outlasts addresses.
            network=trail.network_digest(lockout.network.partition("/")[0]) or None,
            reason=reason,
        )
    return True
