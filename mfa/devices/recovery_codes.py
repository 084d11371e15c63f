"""Recovery codes: ten of 80 bits, each good once, kept so that no reader of the table can use one.

At rest each is HMAC(key, Argon2id(code, salt)): one salt and one key a set, so that a try costs one
hash. The key rests sealed, so that whoever has the table alone cannot even try candidates, and so
that rotating FIELD_KEYS leaves every code as it is (ASVS 6.5.2, NIST SP 800-63B-4 3.1.2.2).
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.errors import TooManyTries
from accounts.models import User
from accounts.passwords import argon2id
from audit import sealing
from audit.sealed import SealedColumn
from mfa.devices.guesses import NOTHING_FAILED, Guessed, take

CODES = 10
GROUPS, GROUP = 4, 4
# 32 signs, so that each holds five bits and sixteen hold 80. Without 0, 1, i and l none looks like
# another; a typed 0 can only have been an o.
LETTERS = "23456789abcdefghjkmnopqrstuvwxyz"
SALT_BYTES = 16
LONGEST = 64


class RecoveryCodes(Guessed):
    """A person's set. A new set takes the place of the old one; nobody has two."""

    salt = models.CharField(max_length=32, editable=False)
    key = models.TextField(editable=False)
    memory_kib = models.PositiveIntegerField(editable=False)
    passes = models.PositiveSmallIntegerField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="one_set_of_codes_a_person")]

    def verify_token(self, token: str) -> bool:
        """Whether `token` is a code of this set that was not used before; it is used up by asking, and
        counted like a stranger's guess. Raises HashingBusy."""
        code = normalise(token)
        try:
            guess = take(RecoveryCodes, self.user_id, known=False, columns=("id",))
        except (TooManyTries, LookupError):
            return False
        return bool(code) and spend(guess.pk, Recipe.of(self).digest(code))


class RecoveryCode(models.Model):
    """One code; `digest` is all that is kept of it."""

    codes = models.ForeignKey(RecoveryCodes, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["codes", "digest"], name="a_code_once_a_set"),
        ]

    def __str__(self) -> str:
        return f"a recovery code of {self.codes_id}"


@dataclass(frozen=True)
class Recipe:
    """How the codes of one set are digested."""

    salt: str
    key: bytes
    memory_kib: int
    passes: int

    @classmethod
    def new(cls) -> Recipe:
        salt = base64.b64encode(os.urandom(SALT_BYTES)).decode()
        memory, passes = settings.POLICY_ARGON2_MEMORY_KIB, settings.POLICY_ARGON2_PASSES
        return cls(salt, sealing.new_key(), memory, passes)

    @classmethod
    def of(cls, codes: RecoveryCodes) -> Recipe:
        """Raises SealBroken."""
        key = sealing.unseal(codes.key, context=key_context(codes.user_id))
        return cls(codes.salt, base64.b64decode(key), codes.memory_kib, codes.passes)

    def row_of(self, user: User) -> RecoveryCodes:
        """The unsaved set whose codes are digested so."""
        return RecoveryCodes(
            user=user,
            salt=self.salt,
            key=sealing.seal(base64.b64encode(self.key), context=key_context(user.pk)),
            memory_kib=self.memory_kib,
            passes=self.passes,
        )

    def digest(self, code: str) -> str:
        """Of a normalised code. One hash; raises HashingBusy."""
        salt = base64.b64decode(self.salt)
        raw = argon2id.raw(code.encode(), salt, memory_kib=self.memory_kib, passes=self.passes)
        return sealing.digest_with(self.key, raw.hex(), purpose="recovery code")


def key_context(user_id: int) -> str:
    return f"mfa.recovery_codes key of {user_id}"


SEALED = SealedColumn(
    "keys of recovery codes",
    RecoveryCodes,
    "key",
    lambda row: key_context(row.user_id),
    reads=("user_id",),
)


def draw() -> list[str]:
    """Ten new codes, as they are shown."""
    return [_one() for _ in range(CODES)]


def _one() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(GROUPS * GROUP))
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))


def normalise(typed: str) -> str:
    """The sixteen letters of what was typed, or '' for what is not shaped like a code: case, spaces,
    dashes and dots do not matter, nothing else is forgiven or cut."""
    code = "".join(c for c in typed[:LONGEST] if c not in " \t-._‐‑–—\u00a0").lower()
    code = code.replace("0", "o")
    well_shaped = len(typed) <= LONGEST and len(code) == GROUPS * GROUP
    return code if well_shaped and all(letter in LETTERS for letter in code) else ""


def spend(set_pk: int, digest: str) -> bool:
    """Use a code up: True for exactly one of all who race with it. One UPDATE, and one more that
    forgets the failures before it."""
    now = timezone.now()
    unused = RecoveryCode.objects.filter(codes=set_pk, digest=digest, used_at=None)
    if not unused.update(used_at=now):
        return False
    RecoveryCodes.objects.filter(pk=set_pk).update(last_used_at=now, **NOTHING_FAILED)
    return True
