"""The second step of a sign-in, of a reset, or as a fresh proof: one guess at one factor."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse

from accounts.known_devices import devices
from accounts.lockout import budgets, tries
from accounts.lockout.budgets import Budget
from accounts.models import User
from accounts.outbox.letters import Happening, reader
from accounts.passwords import slots
from accounts.sessions import proofs
from audit import sealing, trail
from audit.events import Event
from mfa import letters
from mfa.devices import app, guesses, recovery_codes
from mfa.devices.guesses import Guess
from mfa.letters import Had
from mfa.models import AuthenticatorApp, RecoveryCode, RecoveryCodes

# What a second step is for, beside the words of audit.events.ON_THE_WAY: a fresh proof.
STEP_UP = "step_up"
TRIES = 5
logger = logging.getLogger(__name__)
ATTEMPTS = Budget("second_step", lambda: TRIES, timedelta(minutes=15))
# Wrong codes of one person a day without a letter.
A_DAY = Budget("second_step_failures", lambda: TRIES - 1, timedelta(days=1))
LETTERS = Budget("second_step_letters", lambda: 1, timedelta(days=1))


@dataclass(frozen=True)
class Answer:
    """`has_run_out`: a code that was right a moment ago. `is_over`: five were wrong, and
    this attempt is at its end. `by`: what the record says it was, where that is not the way itself."""

    right: bool
    by: str = ""
    has_run_out: bool = False
    is_over: bool = False


def new_attempt() -> str:
    """The name under which the wrong codes of one attempt are counted."""
    return secrets.token_hex(16)


def by_app(request: HttpRequest, user: User, code: str, *, attempt: str, way: str) -> Answer:
    """Compare `code` (six ASCII digits) with the app's of now; a right one is used up.

    `way` is what it is for (audit.events.ON_THE_WAY). Raises TooManyTries; LookupError if there is
    no app."""
    guess = guesses.take(
        AuthenticatorApp, user.pk, known=is_known(request, user), columns=("seed",)
    )
    right = has_run_out = False
    with _unreadable_is_wrong(user, "app"):
        seed = app.open_seed(guess.values[0], user.pk)
        right = app.spend(guess.pk, seed, code)
        has_run_out = not right and app.has_just_run_out(seed, code)
    if right:
        return Answer(right=True)
    over = failed(request, user, guess, "app", attempt=attempt, way=way)
    return Answer(right=False, has_run_out=has_run_out, is_over=over)


def by_recovery_code(
    request: HttpRequest, user: User, typed: str, *, attempt: str, way: str
) -> Answer:
    """Compare `typed` (sixteen letters, normalised) with the codes that are left; a right one is used
    up, and its owner told. One hash. Raises TooManyTries, HashingBusy; LookupError."""
    guess = guesses.take(
        RecoveryCodes,
        user.pk,
        known=is_known(request, user),
        columns=("salt", "key", "memory_kib", "passes"),
    )
    salt, key, memory_kib, passes = guess.values
    held = RecoveryCodes(user_id=user.pk, salt=salt, key=key, memory_kib=memory_kib, passes=passes)
    with _unreadable_is_wrong(user, "recovery_code"):
        with slots.calling(tries.caller(request, user)):
            digest = recovery_codes.Recipe.of(held).digest(typed)
        if _spend_recovery_code(request, user, guess.pk, digest):
            return Answer(right=True)
    over = failed(request, user, guess, "recovery_code", attempt=attempt, way=way)
    return Answer(right=False, is_over=over)


@contextmanager
def _unreadable_is_wrong(user: User, method: str) -> Iterator[None]:
    """Around what opens a secret. One that does not open (moved from another row, its key gone) is
    compared with nothing: to whoever types it is a wrong code, and the log says what is wrong."""
    try:
        yield
    except sealing.SealBroken:
        logger.error("The %s of person %s does not open.", method, user.pk)


def _spend_recovery_code(request: HttpRequest, user: User, set_pk: int, digest: str) -> bool:
    """The code, its row in the trail and the letter: all or none."""
    unused = RecoveryCode.objects.filter(codes=set_pk, used_at=None)
    left = unused.exclude(digest=digest).count()
    if not unused.filter(digest=digest).exists():
        return False
    letter = letters.recovery_code_used(left=left, **letters.about(request, user))
    with transaction.atomic():
        # The person first, as everything that changes second steps does: two that lock in different
        # orders would each wait for the other.
        people = User.objects.select_for_update(of=("self",), no_key=True)
        people.filter(pk=user.pk).values_list("pk").first()
        if not recovery_codes.spend(set_pk, digest):
            return False
        counted = User.objects.filter(pk=user.pk, recovery_codes_left__gt=0)
        counted.update(recovery_codes_left=F("recovery_codes_left") - 1)
        trail.record(Event.RECOVERY_CODE_USED, actor=user, subject=user, request=request, left=left)
        letter.put()
    return True


def is_known(request: HttpRequest, user: User) -> bool:
    return devices.find(request, user) is not None


def failed(
    request: HttpRequest, user: User, guess: Guess, method: str, *, attempt: str, way: str
) -> bool:
    """Count it where wrong codes count besides, and say so; whether the attempt is over by it.

    Outside of any transaction, so that nothing rolls it back."""
    tries.count_failure(request, user)
    if way == STEP_UP:
        trail.record(
            Event.REAUTHENTICATION_FAILED, actor=user, subject=user, request=request, method=method
        )
    else:
        trail.record(
            Event.SECOND_STEP_FAILED, subject=user, request=request, method=method, on_the_way=way
        )
    if guess.is_last:
        trail.record(Event.LIMIT_REACHED, subject=user, request=request, budget=method)
    spent = budgets.spend_if_room(ATTEMPTS, attempt)
    is_over = not spent or not budgets.would_allow(ATTEMPTS, attempt)
    # However they are spread over attempts: whoever guesses slowly is told of like whoever does not.
    are_many = not budgets.spend_if_room(A_DAY, f"user:{user.pk}")
    if is_over or guess.is_last or are_many:
        _tell(request, user, way)
    return is_over


def failed_by_passkey(request: HttpRequest, user: User, *, attempt: str, way: str) -> bool:
    """As any other that is wrong; a passkey cannot be guessed, and has no count of its own."""
    guess = Guess(0, (), is_last=False)
    return failed(request, user, guess, "passkey", attempt=attempt, way=way)


def _tell(request: HttpRequest, user: User, way: str) -> None:
    """E14, at most once a day: what whoever was here had, and what they lacked."""
    known: dict[str, Had] = {"reset": "link", STEP_UP: "session"}
    first = known.get(way) or _first_proof(request, user)
    page = "account_rescue" if first == "session" else "account_reset_password"
    letter = letters.second_step_failed(
        had=first,
        link=settings.SITE_URL + reverse(page),
        happened=Happening.of(request, user=user),
        **reader(user),
    )
    with transaction.atomic():
        letter.put(wanted=budgets.spend_if_room(LETTERS, f"user:{user.pk}"))


def _first_proof(request: HttpRequest, user: User) -> Had:
    """By what the sign-in began whose second step was wrong."""
    proved = proofs.of_request(request, user)
    return "code" if proved and proved[0]["method"] == "code" else "password"
