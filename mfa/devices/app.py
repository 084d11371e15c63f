"""The authenticator app: time-based codes (RFC 6238) of a seed that rests sealed."""

from __future__ import annotations

import base64
import secrets
import time
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp.oath import hotp

from accounts.errors import TooManyTries
from accounts.models import User
from audit import sealing
from audit.sealed import SealedColumn
from mfa.devices.guesses import NOTHING_FAILED, Guessed, take

SEED_BYTES = 20  # 160 bits, as RFC 4226 4 recommends; NIST asks for 112
STEP_SECONDS = 30
DIGITS = 6


class AuthenticatorApp(Guessed):
    """One a person. `seed` opens for this person as an app's only; `last_step` is the newest time
    step of which a code was taken, so that none is taken twice (RFC 6238 5.2, ASVS 6.5.1)."""

    seed = models.TextField(editable=False)
    last_step = models.BigIntegerField(default=-1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="one_app_a_person")]

    def verify_token(self, token: str) -> bool:
        """Whether `token` is a code of now that was not used before; it is used up by asking, and
        counted like a stranger's guess."""
        try:
            guess = take(AuthenticatorApp, self.user_id, known=False, columns=("seed",))
        except (TooManyTries, LookupError):
            return False
        return spend(guess.pk, open_seed(guess.values[0], self.user_id), token)


def new_seed() -> bytes:
    return secrets.token_bytes(SEED_BYTES)


def row_of(user: User, name: str, seed: bytes, *, last_step: int = -1) -> AuthenticatorApp:
    """The unsaved app that shows the codes of `seed`."""
    return AuthenticatorApp(
        user=user,
        name=name,
        seed=sealing.seal(seed, context=seed_context(user.pk)),
        last_step=last_step,
    )


def open_seed(sealed: str, user_id: int) -> bytes:
    """Raises SealBroken for a seed of somebody else, of another kind, or under a key that is gone."""
    return sealing.unseal(sealed, context=seed_context(user_id))


def seed_context(user_id: int) -> str:
    return f"mfa.app seed of {user_id}"


SEALED = SealedColumn(
    "authenticator seeds",
    AuthenticatorApp,
    "seed",
    lambda row: seed_context(row.user_id),
    reads=("user_id",),
)


def step_of(seed: bytes, code: str, *, at: float | None = None) -> int | None:
    """The time step of which `code` (six ASCII digits) is, within POLICY_APP_TOLERANCE steps of now;
    None for any other text."""
    if not (code.isascii() and code.isdigit() and len(code) == DIGITS):
        return None
    now = int(time.time() if at is None else at) // STEP_SECONDS
    found = None
    # SECURITY: every step is compared, however early one fits.
    for step in range(now - settings.POLICY_APP_TOLERANCE, now + settings.POLICY_APP_TOLERANCE + 1):
        if constant_time_compare(f"{hotp(seed, step, DIGITS):0{DIGITS}}", code):
            found = step
    return found


def has_just_run_out(seed: bytes, code: str) -> bool:
    """Whether it was right a moment ago, or will be: the clock of the phone may be off. One that is
    right now has been used instead."""
    here = int(time.time())
    return step_of(seed, code, at=here) is None and any(
        step_of(seed, code, at=here + steps * STEP_SECONDS) is not None for steps in (-2, -1, 1, 2)
    )


def spend(pk: int, seed: bytes, code: str) -> bool:
    """Use a code up: True for exactly one of all who race with it. One UPDATE, which also forgets
    the failures before; none for a code that is wrong."""
    step = step_of(seed, code)
    if step is None:
        return False
    rows = AuthenticatorApp.objects.filter(pk=pk, last_step__lt=step)
    now = timezone.now()
    return bool(rows.update(last_step=step, last_used_at=now, **NOTHING_FAILED))


def written(seed: bytes) -> str:
    """The seed as people type it: base32 in groups of four."""
    text = base64.b32encode(seed).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(seed: bytes, account: str) -> str:
    """The `otpauth:` address that apps read (Key URI Format), named by site and account."""
    issuer = settings.SITE_NAME.replace(":", " ")
    label = quote(f"{issuer}:{account}", safe="")
    query = {"secret": base64.b32encode(seed).decode(), "issuer": issuer, "algorithm": "SHA1"}
    facts = urlencode(query | {"digits": DIGITS, "period": STEP_SECONDS}, quote_via=quote)
    return f"otpauth://totp/{label}?{facts}"
