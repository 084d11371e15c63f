"""The one way in which second steps change: under a fresh proof, in one transaction with the state of
two-step sign-in, what must end, the trail and the letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import transaction

from accounts.errors import Refusal
from accounts.flows import credentials
from accounts.flows.notices import to_all
from accounts.models import User
from accounts.outbox.compose import Letter
from accounts.requests import OwnRequest
from accounts.sessions import guard, proofs
from accounts.step_up import demand_fresh_proof
from accounts.undo import sets
from audit import trail
from audit.events import Event
from mfa import letters, own_limits, policy
from mfa.factors import Factors
from mfa.models import RecoveryCode, RecoveryCodes


class LastWayIn(Refusal):
    """The policy asks for a second step, and this is the last that counts."""

    status = 409
    template = "mfa/last_way.html"


def make(
    request: OwnRequest,
    event: Event,
    change: Callable[[User], object],
    *,
    after: Factors,
    before: Factors | None = None,
    tell: Callable[..., Letter],
    about: Mapping[str, Any] | None = None,
    end_others: bool = False,
    **facts: Any,
) -> None:
    """Do `change` inside the transaction, and `tell` all addresses `about` it, with the link that stops
    it; where it turns two-step sign-in on or off, by the letter that says so instead. `after` is what
    the person has then. `before`, what they had,
    is given where something is taken away: nothing else turns two-step sign-in off, or can be the last
    way in.

    Raises ReauthenticationRequired, SessionEnded, LastWayIn; CredentialsMoved if anything about how
    the account is reached has changed since the person was loaded: so `after`, which was worked out
    before, is right.

    Turning two-step sign-in on or off ends all other sessions: they lack the proof, or were worth
    more than they are now.
    """
    user = request.user
    demand_fresh_proof(request)
    demand = policy.demand_on(user)
    on = after.are_complete or (user.two_step_on and before is None)
    if before is not None and before.counts_for(demand) and not after.counts_for(demand):
        raise LastWayIn
    if (
        before is not None
        and own_limits.lean_on(user, after)
        and not own_limits.lean_on(user, before)
    ):
        raise LastWayIn
    turned = on != user.two_step_on
    if on and turned and after.has_strong:
        demand_second_step(request)
    undo = sets.begin(user, "factor")
    write = partial(letters.two_step, on=on) if turned else tell
    mail = to_all(user, write, undo=undo, **letters.about(request, user), **(about or {}))
    with transaction.atomic():
        guard.still_alive(request)
        change(user)
        if after.codes is None:
            RecoveryCodes.objects.filter(user=user).delete()
        keep_state(user, after, on=on)
        credentials.moved(
            user,
            event,
            request=request,
            letters=mail,
            end_others=end_others or turned,
            undo=undo,
            **facts,
        )
        if turned:
            say = Event.TWO_STEP_TURNED_ON if on else Event.TWO_STEP_TURNED_OFF
            more: dict[str, Any] = {} if on else credentials.of_staff(user)
            trail.record(say, actor=user, subject=user, request=request, **more)


def keep_state(user: User, after: Factors, *, on: bool | None = None) -> None:
    """Let the person's row say what second steps they have. Belongs into the transaction that changes
    them, behind the change and with the person held: a code may have been used since `after` was
    worked out. One SELECT and one UPDATE."""
    left = RecoveryCode.objects.filter(codes__user=user, used_at=None).count()
    state = {
        "two_step_on": after.are_complete if on is None else on,
        "has_second_step": after.has_any,
        "recovery_codes_left": left if after.codes else None,
    }
    User.objects.filter(pk=user.pk).update(**state)
    for name, value in state.items():
        setattr(user, name, value)


def demand_second_step(request: OwnRequest) -> None:
    """Two-step sign-in must not be turned on by a session that it would end, where there is a factor to
    prove it by just now. (Codes that are sent are proved at a sign-in: such a session ends.)"""
    if not proofs.has_second_step(proofs.of_request(request, request.user)):
        raise SecondStepFirst


class SecondStepFirst(Exception):
    """The session has to prove the second step before it goes on; the view leads there."""
