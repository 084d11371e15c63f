"""The end of the slow lane: a new app and new recovery codes take the place of all that was.

SECURITY: nobody is signed in by it (docs/decisions/0010). What is being set up lies in the session of
a visitor; the account stays as it is until the last step, which changes everything in one
transaction. After it, the one road in asks for the password and the new app.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import credentials
from accounts.lockout import tries
from accounts.models import User
from accounts.outbox.letters import Happening
from accounts.passwords import slots
from accounts.sessions import guard
from accounts.undo import sets
from audit.events import Event
from mfa.devices import app
from mfa.devices.recovery_codes import Recipe, draw, normalise
from mfa.factors import Factors
from mfa.flows import changes, recovery, wiping
from mfa.models import RecoveryCode, RecoveryRequest
from mfa.recovery import letters


@dataclass
class Enrolment:
    """What is being set up in this browser, and for whom. `kept` is the session's own."""

    user: User
    row: RecoveryRequest
    kept: dict[str, Any]

    @property
    def seed(self) -> bytes:
        return base64.b64decode(self.kept["seed"])

    @property
    def has_app(self) -> bool:
        return "step" in self.kept

    @property
    def codes(self) -> list[str]:
        return list(self.kept["codes"])


def of(request: HttpRequest) -> Enrolment | None:
    """What this browser may set up: for a quarter of an hour after the code, while the request can be
    used. One SELECT."""
    kept = recovery.state(request)
    if "ready" not in kept:
        return None
    rows = RecoveryRequest.objects.filter(pk=kept["ready"], user=kept["user"])
    row = rows.select_related("user").first()
    user = row.user if row else None
    if row is None or user is None or not _may_go_on(row, user, kept):
        return None
    if "seed" not in kept:
        kept["seed"] = base64.b64encode(app.new_seed()).decode()
        kept["codes"] = draw()
        request.session.modified = True
    return Enrolment(user, row, kept)


def _may_go_on(row: RecoveryRequest, user: User, kept: dict[str, Any]) -> bool:
    now = timezone.now()
    return (
        user.is_active
        and row.state == RecoveryRequest.State.WAITING
        and row.ready_at <= now < row.ends_at
        and user.credentials_version == kept["version"] == row.credentials_version
    )


def add_app(request: HttpRequest, enrolment: Enrolment, code: str, name: str) -> bool:
    """Whether `code` is what an app shows for the seed of this browser. The account does not change."""
    step = app.step_of(enrolment.seed, code)
    if step is None:
        return False
    enrolment.kept.update(step=step, name=name, at=time.time())
    request.session.modified = True
    return True


def finish(request: HttpRequest, enrolment: Enrolment) -> None:
    """The codes are saved: put the new second step in the place of all old ones, once for whoever
    races. All sessions, trusted browsers and known devices end, and every address is told.

    Raises CredentialsMoved if the request was stopped or ran out, or anything else about the way into
    the account changed; HashingBusy."""
    user, kept = enrolment.user, enrolment.kept
    if not enrolment.has_app:
        raise CredentialsMoved
    recipe = Recipe.new()
    with slots.calling(tries.caller(request, user)):
        digests = [recipe.digest(normalise(code)) for code in enrolment.codes]
    made = app.row_of(user, kept["name"], enrolment.seed, last_step=kept["step"])
    codes = recipe.row_of(user)
    undo = sets.begin(user, "factor")
    mail = letters.finished(user, happened=Happening.of(request, user=user), undo=undo)
    with transaction.atomic():
        _use_up(enrolment)
        wiping.remove_all(user)
        made.save(force_insert=True)
        codes.save(force_insert=True)
        RecoveryCode.objects.bulk_create(RecoveryCode(codes=codes, digest=one) for one in digests)
        changes.keep_state(user, Factors(app=made, codes=codes, codes_left=len(digests)))
        # A limit that leans on passkeys would stand on nothing.
        User.objects.filter(pk=user.pk).update(recovery_ready_at=None, passkey_for_changes=False)
        user.passkey_for_changes = False
        credentials.moved(
            user,
            Event.RECOVERY_FINISHED,
            request=request,
            letters=mail,
            end_others=True,
            actor=user,
            undo=undo,
        )
        guard.end_all(user)
    request.session.pop(recovery.STATE, None)


def _use_up(enrolment: Enrolment) -> None:
    """SECURITY: here it is decided whether the wait was waited for, by what the database holds now."""
    user, now = enrolment.user, timezone.now()
    people = User.objects.select_for_update(of=("self",), no_key=True)
    seen = people.filter(pk=user.pk, is_active=True, credentials_version=user.credentials_version)
    mine = RecoveryRequest.objects.filter(
        pk=enrolment.row.pk,
        user=user,
        state=RecoveryRequest.State.WAITING,
        ready_at__lte=now,
        ends_at__gt=now,
        credentials_version=user.credentials_version,
    )
    if seen.values_list("pk").first() is None or not mine.update(
        state=RecoveryRequest.State.FINISHED, closed_at=now
    ):
        raise CredentialsMoved
    recovery.stops_of(user).update(counts=False)
