"""Limits that somebody sets for themselves. Tightening holds at once; loosening after the recovery
wait, or at once from a session that is older than the limit. A mailbox alone loosens nothing."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import own_limits
from accounts.errors import Refusal
from accounts.flows import credentials, deletion
from accounts.flows.notices import to_all
from accounts.lockout import budgets
from accounts.models import OwnLimits, User
from accounts.outbox import letters_limits
from accounts.outbox.letters import Happening
from accounts.own_limits import Limits
from accounts.requests import OwnRequest
from accounts.sessions import guard, proofs
from accounts.sessions.store import of_request
from accounts.step_up import demand_any_fresh_proof
from accounts.undo import sets
from accounts.undo.parts import Part
from audit import trail
from audit.events import Event

A_TURN = 20


class StrongestProofNeeded(Refusal):
    """The fresh proof is one of those that count elsewhere, and the person has a stronger one."""

    status = 403
    template = "errors/strongest_proof.html"


class LimitRefused(Exception):
    """`name` cannot be set: `why` is a sentence for the person."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name)
        self.name, self.why = name, why


@dataclass(frozen=True)
class Done:
    """What `change` did: the names of what is tighter, of what is looser by now, and of what will be at
    `ready_at`."""

    tighter: Collection[str] = ()
    looser: Collection[str] = ()
    waits: Collection[str] = ()
    ready_at: datetime | None = None


def waiting(user: User) -> OwnLimits | None:
    """What was asked to be loosened and is not yet. One SELECT."""
    return OwnLimits.objects.filter(user=user, ready_at__isnull=False).first()


def change(request: OwnRequest, wanted: Limits) -> Done:
    """Make the person's limits what is `wanted`: what is tighter at once, what is looser when it may.

    Raises ReauthenticationRequired, StrongestProofNeeded, LimitRefused, LastAdministrator,
    SessionEnded, ChangesHeld, CredentialsMoved, TooManyTries.
    """
    demand_any_fresh_proof(request)
    user = request.user
    before = own_limits.of(user)
    tighter, looser = before.changed(wanted)
    for name in tighter:
        _demand_bounds(wanted, name)
        _demand_sense(user, name)
    row = OwnLimits.objects.filter(user=user).first() or OwnLimits(user=user)
    at_once = [name for name in looser if _is_older(request, row, name)]
    if tighter or at_once:
        _demand_proof(request, strongest(user))
    elif looser:
        # SECURITY: a mailbox alone loosens nothing, not even after the wait.
        _demand_proof(request, frozenset(settings.STEP_UP_METHODS) - {"mailbox"})
    later = [name for name in looser if name not in at_once]
    now_on = replace(before, **{name: getattr(wanted, name) for name in [*tighter, *at_once]})
    ready_at = timezone.now() + timedelta(days=own_limits.recovery_days(user)) if later else None
    if not (tighter or looser):
        return Done()
    budgets.spend(budgets.ADDRESS_ASKS, f"user:{user.pk}")
    _write(request, before, now_on, wanted, tighter, at_once, later, ready_at)
    return Done(tighter, at_once, later, ready_at)


def _write(
    request: OwnRequest,
    before: Limits,
    now_on: Limits,
    wanted: Limits,
    tighter: list[str],
    at_once: list[str],
    later: list[str],
    ready_at: datetime | None,
) -> None:
    user = request.user
    undo = sets.begin(user, "limits") if tighter or at_once else None
    mail = to_all(
        user,
        letters_limits.limits_changed,
        undo=undo,
        now_on=now_on,
        changed=[*tighter, *at_once],
        waits=later,
        ready_at=ready_at,
        time_zone=user.time_zone,
        happened=Happening.of(request, user=user),
    )
    now = timezone.now()
    # SECURITY: one that was set already keeps its day. Whoever came in later could else tighten it
    # first, and be older than the limit.
    fresh = [name for name in tighter if not _holds(before, name, now)]
    with transaction.atomic():
        if "frozen_until" in tighter:
            deletion.leave_an_administrator(user)
        guard.still_alive(request)
        # Read while the person is held: what was taken back meanwhile does not come back.
        row = OwnLimits.objects.filter(user=user).first() or OwnLimits(user=user)
        # What is asked anew about a limit takes the place of what waited for it.
        kept = {name: one for name, one in row.wanted.items() if name not in [*tighter, *at_once]}
        asked = kept | (wanted.json(*later) if later else {})
        # Only what is changed: another limit may have been loosened since this person was read.
        if changed := [*tighter, *at_once]:
            columns = own_limits.from_json(now_on.json(*changed))
            User.objects.filter(pk=user.pk).update(**columns)
        OwnLimits.objects.update_or_create(
            user=user,
            defaults={
                "set_at": row.set_at | dict.fromkeys(fresh, now.isoformat()),
                "wanted": asked,
                "ready_at": (ready_at or row.ready_at) if asked else None,
            },
        )
        credentials.moved(
            user,
            Event.LIMITS_CHANGED,
            request=request,
            letters=mail,
            end_others=False,
            undo=undo,
            tighter=tighter,
            looser=at_once,
            waits=later,
        )


def _holds(before: Limits, name: str, now: datetime) -> bool:
    """Whether it limited anything; a freeze that is over does not."""
    value = getattr(before, name)
    return value > now if isinstance(value, datetime) else bool(value)


def _demand_bounds(wanted: Limits, name: str) -> None:
    """A day of the person's clock ends at most a day after the last moment that may be chosen."""
    furthest = timezone.now() + timedelta(days=settings.POLICY_FREEZE_DAYS + 1)
    if name == "frozen_until" and wanted.frozen_until and wanted.frozen_until > furthest:
        raise LimitRefused(name, _("This day is too far ahead."))
    if name == "recovery_days" and (wanted.recovery_days or 0) > max(own_limits.LONGER_WAITS):
        raise LimitRefused(name, _("Nobody waits as long as that."))


def _demand_sense(user: User, name: str) -> None:
    """What the room that knows second steps says against it (settings.LIMIT_CONDITIONS)."""
    path = settings.LIMIT_CONDITIONS.get(name)
    if path and (why := import_string(path)(user)):
        raise LimitRefused(name, str(why))


def _is_older(request: OwnRequest, row: OwnLimits, name: str) -> bool:
    """Whether this session began before the limit was set: then whoever set it may be somebody else, or
    it is the owner who changed their mind on the same device."""
    row_of_session = of_request(request).row
    began = row_of_session.signed_in_at if row_of_session else None
    since = row.set_at.get(name)
    return began is not None and since is not None and began < datetime.fromisoformat(since)


def strongest(user: User) -> frozenset[str]:
    """By which of the words of a session's record this person proves themselves most strongly
    (settings.STRONGEST_PROOF)."""
    return frozenset(import_string(settings.STRONGEST_PROOF)(user))


def _demand_proof(request: OwnRequest, words: Collection[str]) -> None:
    user = request.user
    oldest = time.time() - settings.POLICY_FRESH_PROOF_MINUTES * 60
    fresh = {
        str(one["method"]) for one in proofs.of_request(request, user) if one.get("at", 0) > oldest
    }
    if not fresh:
        raise ReauthenticationRequired
    if not fresh.intersection(words):
        raise StrongestProofNeeded


def take_back(request: OwnRequest) -> bool:
    """What waits to be loosened stays as tight as it is; False if nothing waited. It only tightens, so
    no proof is asked. Raises SessionEnded."""
    user = request.user
    mail = to_all(
        user, letters_limits.loosening_taken_back, happened=Happening.of(request, user=user)
    )
    with transaction.atomic():
        guard.still_alive(request)
        mine = OwnLimits.objects.filter(user=user, ready_at__isnull=False)
        if not mine.update(wanted={}, ready_at=None):
            return False
        trail.record(Event.LIMITS_KEPT, actor=user, subject=user, request=request)
        for letter in mail:
            letter.put()
    return True


def loosen_due(batch: int) -> int:
    """For the worker: what has waited long enough takes effect, once; returns for how many people."""
    due = OwnLimits.objects.filter(ready_at__lte=timezone.now()).select_related("user")
    return sum(map(_loosen, due.order_by("ready_at")[: min(batch, A_TURN)]))


def _loosen(row: OwnLimits) -> bool:
    user = row.user
    columns = own_limits.from_json(row.wanted)
    now_on = replace(own_limits.of(user), **columns)
    mail = to_all(
        user,
        letters_limits.limits_changed,
        now_on=now_on,
        changed=list(columns),
        waits=[],
        ready_at=None,
        time_zone=user.time_zone,
        happened=Happening(at=timezone.now(), time_zone=user.time_zone),
    )
    with transaction.atomic():
        # The person first, as everywhere. An account in which a change is stopped waits longer, and one
        # whose addresses changed since the letters were composed until the next turn.
        people = User.objects.select_for_update(of=("self",), no_key=True)
        seen = people.filter(pk=user.pk, credentials_version=user.credentials_version)
        held = seen.filter(is_active=True, held_since=None).first()
        mine = OwnLimits.objects.filter(
            pk=row.pk, ready_at=row.ready_at, wanted=row.wanted, ready_at__lte=timezone.now()
        )
        if held is None or not mine.update(wanted={}, ready_at=None):
            return False
        User.objects.filter(pk=user.pk).update(**columns)
        trail.record(Event.LIMITS_LOOSENED, subject=user, looser=list(columns))
        for letter in mail:
            letter.put()
    return True


def lift_all(user: User) -> None:
    """No limit is left, and nothing waits: inside the transaction of an act of staff, or of a recovery
    after which what the limits lean on is gone."""
    User.objects.filter(pk=user.pk).update(**own_limits.from_json(Limits().json()))
    OwnLimits.objects.filter(user=user).delete()
    for name, value in Limits().json().items():
        setattr(user, name, value)


def _snapshot(user: User) -> dict[str, Any]:
    row = OwnLimits.objects.filter(user=user).first()
    return {"values": own_limits.of(user).json(), "set_at": row.set_at if row else {}}


def _put_back(user: User, former: dict[str, Any]) -> None:
    # But no freeze: whoever puts things back has lost all their sessions, and must get in.
    columns = own_limits.from_json(former["values"] | {"frozen_until": None})
    User.objects.filter(pk=user.pk).update(**columns)
    OwnLimits.objects.update_or_create(
        user=user, defaults={"set_at": former["set_at"], "wanted": {}, "ready_at": None}
    )
    for name, value in columns.items():
        setattr(user, name, value)


PART = Part("limits", _snapshot, _put_back)
