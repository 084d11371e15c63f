"""The slow lane: password, a mailed code of that moment, and days in which the owner can stop it.

SECURITY: nobody learns from it who has an account, a second step or a request that waits: every
answer is the same, and so is the work up to a right code. The lane never signs in
(docs/decisions/0010).
"""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone, translation

from accounts import own_limits
from accounts.flows import deletion, sent_codes, sign_in
from accounts.identify import find_user_once
from accounts.lockout import buckets, budgets, recipients, tries
from accounts.lockout.budgets import Budget
from accounts.models import User
from accounts.outbox.letters import Happening, Letter, reader, sign_in_code
from accounts.sessions import guard
from accounts.validators import address_or_blank
from audit import sealing, trail
from audit.events import Event
from mfa.models import (
    AuthenticatorApp,
    MailedCode,
    Passkey,
    RecoveryRequest,
    RecoveryStopKey,
    TextedCode,
)
from mfa.recovery import letters

PURPOSE = "recovery"
# What was proved of whom, in the session, which rests sealed; for so long.
STATE = "mfa_recovery"
SECONDS = 900
WAITING, STOPPED, VOID = (getattr(RecoveryRequest.State, s) for s in ("WAITING", "STOPPED", "VOID"))
# So many stops in so many days, and nobody but staff goes on.
STOPS, STOPS_FOR = 2, timedelta(days=90)
CLOSED_LETTERS = Budget("recovery_closed_letters", lambda: 1, timedelta(days=1))


def by_password(request: HttpRequest, identifier: str, password: str) -> None:
    """One try at the password like any other, and a code if it was right. Over a limit nothing is
    compared, sent or kept: `request.axes_locked_out` says so. Raises TooManyTries per network only."""
    budgets.spend(budgets.RECOVERIES, buckets.network_bucket(request))
    user = sign_in.prove(request, identifier, password)
    if not getattr(request, "axes_locked_out", False):
        _send_code(request, user, identifier)


def after_password(request: HttpRequest, user: User) -> None:
    """The same for somebody whose sign-in waits for the second step: the password was proved just
    now. Raises TooManyTries per network only."""
    budgets.spend(budgets.RECOVERIES, buckets.network_bucket(request))
    _send_code(request, user, user.username)


def _send_code(request: HttpRequest, user: User | None, identifier: str) -> None:
    """Mail a code to `user`, who has just proved their password; for nobody too, by the same work."""
    code = sent_codes.make(sent_codes.EMAIL)
    letter = _code_letter(request, user, identifier, code)
    budget = sent_codes.letters_of(PURPOSE)
    whose, by = recipients.lane(request, user, recipients.of(user, identifier))
    with transaction.atomic():
        room = budgets.spend_share_if_room(budget, whose, by=by)
        wanted = room and user is not None
        sent_codes.keep(request, user, PURPOSE, sent_codes.EMAIL, code, wanted=wanted)
        letter.put(wanted=wanted)
        if user is not None:  # of a wrong pair the trail has its row
            trail.record(Event.RECOVERY_CODE_SENT, subject=user, request=request, label=identifier)
    # Not what was typed: people type passwords into the name box.
    known = user or find_user_once(request, identifier)
    request.session[STATE] = {
        "account": buckets.account_bucket(request, {"username": identifier}),
        "known": known.pk if known else 0,
        "user": user.pk if user else 0,
        "version": user.credentials_version if user else 0,
        "at": time.time(),
    }
    guard.cycle(request)


def _code_letter(request: HttpRequest, user: User | None, identifier: str, code: str) -> Letter:
    whose = reader(user, to=address_or_blank(identifier)) if user else _nobody()
    return sign_in_code(
        code=code,
        minutes=settings.POLICY_CODE_MINUTES,
        purpose="recovery",
        happened=Happening.of(request, user=user),
        **whose,
    )


def _nobody() -> Any:
    """Nobody gets it; it is composed so that this takes no other time."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return {"to": settings.DEFAULT_FROM_EMAIL, "language": language}


def state(request: HttpRequest) -> dict[str, Any]:
    """What this browser proved, while it is fresh; else nothing."""
    kept = request.session.get(STATE) or {}
    return kept if time.time() - kept.get("at", 0) <= SECONDS else {}


def by_code(request: HttpRequest, code: str) -> bool:
    """Compare the code that was typed after `by_password`: True if a request of this person has
    waited for long enough, and a new second step may be set up in this browser now. Else whatever
    there was to begin has begun, and nobody is told. Raises TooManyTries."""
    kept = state(request)
    known = User.objects.filter(pk=kept["known"]).first()
    proved = User.objects.filter(
        pk=kept["user"], credentials_version=kept["version"], is_active=True
    ).first()
    with tries.guess(request, known, kept["account"]) as guess:
        guess.right = sent_codes.match(request, proved, PURPOSE, sent_codes.EMAIL, code)
    if proved is None or not guess.right:
        trail.record(Event.RECOVERY_CODE_FAILED, subject=known, request=request)
        return False
    if (ready := usable(proved)) is not None:
        # From here on the session holds what a new second step is made of.
        request.session[STATE] = kept | {"ready": ready.pk, "at": time.time()}
        guard.cycle(request)
        return True
    _begin(request, proved)
    return False


def waiting(user: User) -> QuerySet[RecoveryRequest]:
    """The request of the person that waits, or may be used."""
    return RecoveryRequest.objects.filter(
        user_id=user.pk,
        state=WAITING,
        credentials_version=user.credentials_version,
        ends_at__gt=timezone.now(),
    )


def usable(user: User) -> RecoveryRequest | None:
    """The one whose wait is over."""
    return waiting(user).filter(ready_at__lte=timezone.now()).first()


def _begin(request: HttpRequest, user: User) -> None:
    """A waiting period begins, unless one waits, stops speak against it, or there is no second step
    to be replaced. Whichever it is, the same statements are made and letters composed."""
    now = timezone.now()
    why_not = _why_not(user)
    days = days_for(user)
    row = RecoveryRequest(
        requested_at=now,
        ready_at=now + timedelta(days=days),
        ends_at=now + timedelta(days=days + settings.POLICY_RECOVERY_OPEN_DAYS),
        last_told_on=now.date(),
    )
    key = new_key()
    happened = Happening.of(request, user=user)
    mail = (
        letters.closed(user, happened=happened)
        if why_not == "closed"
        else letters.waits(
            user, ready_at=row.ready_at, ends_at=row.ends_at, key=key, happened=happened
        )
    )
    with transaction.atomic():
        # Held, so that of several requests one begins, and none beside a change of this moment.
        held = _held(user)
        RecoveryRequest.objects.filter(user=user if held else None, state=WAITING).filter(
            _dead(user, now)
        ).update(state=RecoveryRequest.State.EXPIRED, closed_at=now)
        reason = _why_not(user)
        begins = bool(held) and not reason
        row.user, row.state = (user, WAITING) if begins else (None, VOID)
        row.credentials_version = user.credentials_version
        row.save(force_insert=True)
        keep_key(row, key)
        User.objects.filter(pk=0 if reason == "waiting" or not held else user.pk).update(
            recovery_ready_at=row.ready_at if begins else None
        )
        deletion.leave_time(user if begins else None, row.ends_at)
        told_closed = budgets.spend_if_room(
            CLOSED_LETTERS if reason == "closed" else budgets.NOTHING, f"user:{user.pk}"
        )
        # Composed for what was true before: whoever was overtaken in between hears of the next.
        wanted = reason == why_not and (begins or (reason == "closed" and told_closed))
        for letter in mail:
            letter.put(wanted=wanted)
        if begins:
            trail.record(Event.RECOVERY_REQUESTED, subject=user, request=request, days=days)
        else:
            trail.record(
                Event.RECOVERY_REFUSED, subject=user, request=request, reason=reason or "waiting"
            )


def _held(user: User) -> list[int]:
    people = User.objects.select_for_update(of=("self",), no_key=True)
    seen = people.filter(pk=user.pk, is_active=True, credentials_version=user.credentials_version)
    return list(seen.values_list("pk", flat=True))


def _dead(user: User, now: datetime) -> Q:
    return Q(ends_at__lte=now) | ~Q(credentials_version=user.credentials_version)


def _why_not(user: User) -> str:
    """Why no waiting period begins for this person now, or ''. Three SELECTs, whatever it says."""
    waits = waiting(user).exists()
    closed = is_closed(user)
    has_second_step = holders().filter(pk=user.pk).exists()
    if not has_second_step:
        return "no_second_step"
    return "waiting" if waits else "closed" if closed else ""


def is_closed(user: User) -> bool:
    """Whether it was stopped so often that only staff can go on. One SELECT."""
    return stops_of(user).count() >= STOPS


def stops_of(user: User) -> QuerySet[RecoveryRequest]:
    since = timezone.now() - STOPS_FOR
    rows = RecoveryRequest.objects.filter(user_id=user.pk, state=STOPPED)
    return rows.filter(counts=True, closed_at__gt=since)


def holders() -> QuerySet[User]:
    """People with something that may be asked as a second step."""
    kinds = (AuthenticatorApp, Passkey, TextedCode, MailedCode)
    has = (Q(Exists(kind._default_manager.filter(user=OuterRef("pk")))) for kind in kinds)
    return User.objects.filter(reduce(or_, has, Q(two_step_on=True)))


def days_for(user: User) -> int:
    """How long this person waits, by the policy or by a limit of their own."""
    return own_limits.recovery_days(user)


def staff_days() -> int:
    """However it is set, staff wait for no less than others: their accounts open more doors."""
    return max(settings.POLICY_RECOVERY_DAYS, settings.POLICY_RECOVERY_STAFF_DAYS)


def new_key() -> str:
    return secrets.token_urlsafe(32)


def keep_key(row: RecoveryRequest, key: str) -> None:
    """Let the key of a letter stop this request. One INSERT."""
    RecoveryStopKey.objects.create(request=row, digest=sealing.token_digest(key))


def end_for_changed_credentials(user: User, *, request: HttpRequest | None, **told: Any) -> None:
    """Whoever changes how the account is reached needs no other way in, or must not have one: called
    by credentials.moved in its transaction (ON_CREDENTIALS_CHANGED). One UPDATE where none waits."""
    ended = RecoveryRequest.objects.filter(user=user, state=WAITING).update(
        state=RecoveryRequest.State.EXPIRED, closed_at=timezone.now()
    )
    if ended:
        User.objects.filter(pk=user.pk).update(recovery_ready_at=None)
        trail.record(
            Event.RECOVERY_EXPIRED, subject=user, request=request, reason="credentials_changed"
        )
