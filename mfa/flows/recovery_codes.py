"""Recovery codes: shown once, kept only once their owner says that they are saved."""

from __future__ import annotations

import time
from dataclasses import replace

from accounts.lockout import tries
from accounts.models import User
from accounts.passwords import slots
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof
from audit.events import Event
from mfa import factors, letters
from mfa.devices.recovery_codes import Recipe, draw, normalise
from mfa.factors import Factors
from mfa.flows import changes
from mfa.models import RecoveryCode, RecoveryCodes

# The codes that are shown, in the session, which rests sealed; for so long.
SHOWN = "mfa_codes_shown"
SECONDS = 900


def show(request: OwnRequest) -> list[str]:
    """The codes this person is saving just now: the same until they finish, for a quarter of an hour,
    then new ones. Those before stay good until then. Raises ReauthenticationRequired, SecondStepFirst,
    NothingToRecover."""
    demand_fresh_proof(request)
    held = factors.of(request.user)
    if not _have_use(held):
        raise NothingToRecover
    if held.has_strong:
        changes.demand_second_step(request)
    codes = shown(request)
    if not codes:
        codes = draw()
        request.session[SHOWN] = {"codes": codes, "at": time.time()}
    return codes


def shown(request: OwnRequest) -> list[str]:
    """What `show` showed, while it may be looked at; else nothing."""
    kept = request.session.get(SHOWN) or {}
    if time.time() - kept.get("at", 0) > SECONDS:
        request.session.pop(SHOWN, None)
        return []
    return list(kept["codes"])


def finish(request: OwnRequest) -> bool:
    """They are saved: from now on these are the person's codes, and no others; two-step sign-in is on.
    False if they are not shown any more. Raises what `changes.make` does, and HashingBusy."""
    user, codes = request.user, shown(request)
    if not codes:
        return False
    demand_fresh_proof(request)  # before anything is hashed
    before = factors.of(user)
    if not _have_use(before):
        raise NothingToRecover
    recipe = Recipe.new()
    with slots.calling(tries.caller(request, user)):
        digests = [recipe.digest(normalise(code)) for code in codes]
    made = recipe.row_of(user)

    def put(user: User) -> None:
        RecoveryCodes.objects.filter(user=user).delete()
        made.save(force_insert=True)
        RecoveryCode.objects.bulk_create(RecoveryCode(codes=made, digest=one) for one in digests)

    changes.make(
        request,
        Event.RECOVERY_CODES_MADE,
        put,
        after=replace(before, codes=made, codes_left=len(codes)),
        tell=letters.recovery_codes_made,
    )
    request.session.pop(SHOWN, None)
    return True


def _have_use(held: Factors) -> bool:
    """Whether there is something that codes stand in for; or were there before, and what they stood in
    for was stopped."""
    return held.has_any or held.codes is not None


class NothingToRecover(Exception):
    """There is no second step that recovery codes could stand in for."""
