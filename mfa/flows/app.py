"""Turning the authenticator app on and off."""

from __future__ import annotations

import base64
from dataclasses import replace

from accounts.errors import CredentialsMoved
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof, record
from audit.events import Event
from mfa import factors, letters
from mfa.devices import app
from mfa.flows import changes
from mfa.models import AuthenticatorApp

# The seed of an app that is being added, in the session, which rests sealed.
SEED = "mfa_app_seed"
NAME_LENGTH = 64


def seed_shown(request: OwnRequest) -> bytes:
    """The seed this person is setting up an app with: the same until it is done, so that a wrong code
    does not make the app they have just filled useless. Raises ReauthenticationRequired."""
    demand_fresh_proof(request)
    kept = request.session.get(SEED)
    if kept is None:
        kept = request.session[SEED] = base64.b64encode(app.new_seed()).decode()
    return base64.b64decode(kept)


def turn_on(request: OwnRequest, code: str, name: str) -> bool:
    """Add the app that shows `code` for the seed of this session; False if the code is not of now.

    The code is used up: it is the app's first proof, and this session's second step. Raises
    ReauthenticationRequired, SessionEnded, CredentialsMoved."""
    user = request.user
    seed = seed_shown(request)
    step = app.step_of(seed, code)
    if step is None:
        return False
    before = factors.of(user)
    if before.app is not None:
        raise CredentialsMoved
    made = app.row_of(user, name, seed, last_step=step)
    record(request, user, "app")
    changes.make(
        request,
        Event.FACTOR_ADDED,
        lambda user: made.save(force_insert=True),
        after=replace(before, app=made),
        tell=letters.factor_changed,
        about={"factor": "app", "added": True, "named": name},
        factor="app",
    )
    request.session.pop(SEED, None)
    return True


def turn_off(request: OwnRequest) -> bool:
    """Take the app away; False if there is none. Raises LastWayIn and what `changes.make` does."""
    user = request.user
    demand_fresh_proof(request)
    before = factors.of(user)
    if before.app is None:
        return False
    changes.make(
        request,
        Event.FACTOR_REMOVED,
        lambda user: AuthenticatorApp.objects.filter(user=user).delete(),
        after=before.without_app(),
        before=before,
        tell=letters.factor_changed,
        about={"factor": "app", "added": False, "named": before.app.name},
        end_others=True,
        factor="app",
    )
    return True
