"""Second steps for the people of the tests, and the codes that their devices would show."""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache

from django.utils import timezone
from django_otp.oath import hotp

from accounts.models import User
from mfa import factors
from mfa.devices import app, recovery_codes
from mfa.devices.recovery_codes import Recipe
from mfa.flows import changes
from mfa.models import AuthenticatorApp, RecoveryCode, RecoveryCodes

SEED = bytes(range(20))
CODES = [f"{letter}2ab-3cde-4fgh-5jkm" for letter in "23456789ab"]


def code_of(user: User, *, steps: int = 0) -> str:
    """What their app shows now, or so many half minutes later."""
    held = AuthenticatorApp.objects.get(user=user)
    return code_for(app.open_seed(held.seed, user.pk), steps=steps)


def code_for(seed: bytes, *, steps: int = 0) -> str:
    return f"{hotp(seed, int(time.time()) // 30 + steps):06}"


@lru_cache(maxsize=1)
def _digested() -> tuple[Recipe, tuple[str, ...]]:
    recipe = Recipe.new()
    return recipe, tuple(recipe.digest(recovery_codes.normalise(code)) for code in CODES)


def give_app(user: User, *, seed: bytes = SEED) -> AuthenticatorApp:
    """An app and saved recovery codes (CODES): two-step sign-in is on."""
    held = app.row_of(user, "Authenticator", seed)
    held.save()
    give_codes(user)
    return held


def give_codes(user: User) -> RecoveryCodes:
    recipe, digests = _digested()
    made = recipe.row_of(user)
    made.save()
    RecoveryCode.objects.bulk_create(RecoveryCode(codes=made, digest=one) for one in digests)
    settle(user)
    return made


def settle(user: User) -> None:
    """Let the person's row say what they have by now, as the flows do."""
    changes.keep_state(user, factors.of(user))


def now() -> datetime:
    return timezone.now()


def as_if_later(user: User) -> str:
    """A code that was not used yet, as if the half minute of the last one were over."""
    AuthenticatorApp.objects.filter(user=user).update(last_step=-1)
    return code_of(user)
