"""How passwords are hashed, and how older hashes are read until their owner signs in."""

from __future__ import annotations

import base64
import os
import re
from functools import lru_cache
from typing import Any

from argon2.exceptions import HashingError
from argon2.low_level import Type
from django.conf import settings
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    BasePasswordHasher,
    mask_hash,
)
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop as _

from accounts.passwords import argon2id, peppers

SALT_BYTES = 16
HASH_BYTES = 32
# SECURITY: a hash says how much memory it wants. One that was put into the table to want gigabytes
# is not believed: it opens to nobody, like any other hash that cannot be read.
MOST_MEMORY_KIB = 262144
MOST_PASSES = 64
MOST_LANES = 64


class Argon2Hasher(BasePasswordHasher):
    """Argon2id (RFC 9106) over the password, or over its HMAC under a pepper.

    `argon2id$v=19$m=19456,t=2,p=1[,keyid=2026a]$salt$hash`: the PHC string with our own algorithm
    name, so that Django's Argon2 hashes are told apart and upgraded. The password is hashed exactly
    as it was typed, to the last byte. A hash that cannot be read, and one whose pepper is lost, opens
    to nobody and costs the same.
    """

    algorithm = "argon2id"
    _form = re.compile(
        r"argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d?),p=1(?:,keyid=([0-9A-Za-z]{1,32}))?"
        r"\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})",
        re.ASCII,
    )

    def salt(self) -> str:
        return _base64(os.urandom(SALT_BYTES))

    def encode(self, password: str | bytes, salt: str) -> str:
        """A new hash under today's parameters and the active pepper. Raises HashingBusy."""
        memory, passes, key_id = self._today()
        secret = peppers.peppered(as_typed(password), key_id)
        raw = argon2id.raw(secret, _bytes(salt), memory_kib=memory, passes=passes)
        return self._written(memory, passes, key_id, salt, _base64(raw))

    def decode(self, encoded: str) -> dict[str, Any]:
        """Raises ValueError for what is no hash of ours, or wants more than any of ours would."""
        match = self._form.fullmatch(encoded)
        if match is None:
            raise ValueError("This is no hash of ours.")
        memory, passes, key_id, salt, hashed = match.groups(default="")
        if not 8 <= int(memory) <= MOST_MEMORY_KIB or int(passes) > MOST_PASSES:
            raise ValueError("This hash wants more than any of ours would.")
        return {
            "algorithm": self.algorithm,
            "memory_cost": int(memory),
            "time_cost": int(passes),
            "parallelism": 1,
            "pepper": key_id,
            "salt": salt,
            "hash": hashed,
        }

    def verify(self, password: str | bytes, encoded: str) -> bool:
        """One hash whatever `encoded` is. Raises HashingBusy."""
        typed = as_typed(password)
        try:
            stored = self.decode(encoded)
            readable = True
            secret = peppers.peppered(typed, stored["pepper"])
        except ValueError:
            stored, readable = self.decode(self.nobody()), False
            secret = peppers.peppered(typed, stored["pepper"])
        except peppers.PepperLost:
            secret, readable = typed, False
        raw = argon2id.raw(
            secret,
            _bytes(stored["salt"]),
            memory_kib=stored["memory_cost"],
            passes=stored["time_cost"],
        )
        return constant_time_compare(_base64(raw), stored["hash"]) and readable

    def must_update(self, encoded: str) -> bool:
        """Whether other parameters or another pepper hold today."""
        try:
            stored = self.decode(encoded)
        except ValueError:
            return True
        return (stored["memory_cost"], stored["time_cost"], stored["pepper"]) != self._today()

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing: a second hash would tell old rows from new ones more loudly than their own price
        does, and the rows are gone after one sign-in (docs/passwords.md)."""

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        stored = self.decode(encoded)
        return {
            _("algorithm"): stored["algorithm"],
            _("memory cost"): stored["memory_cost"],
            _("time cost"): stored["time_cost"],
            _("pepper"): stored["pepper"],
            _("salt"): mask_hash(stored["salt"]),
            _("hash"): mask_hash(stored["hash"]),
        }

    def nobody(self) -> str:
        """A hash under today's parameters that no password opens, made without hashing: what a try
        for an unknown name is held against, so that it costs what a known one costs."""
        memory, passes, key_id = self._today()
        return self._written(memory, passes, key_id, *_chance())

    def _today(self) -> tuple[int, int, str]:
        return (
            settings.POLICY_ARGON2_MEMORY_KIB,
            settings.POLICY_ARGON2_PASSES,
            peppers.active(),
        )

    def _written(self, memory: int, passes: int, key_id: str, salt: str, hashed: str) -> str:
        named = f",keyid={key_id}" if key_id else ""
        return f"{self.algorithm}$v=19$m={memory},t={passes},p=1{named}${salt}${hashed}"


class OldArgon2Hasher(Argon2PasswordHasher):
    """Reads Django's own Argon2 hashes (argon2id, argon2i, argon2d) and makes none.

    They cost what they were made to cost: Django's default takes 100 MiB, and so the places of five
    of ours."""

    def encode(self, password: str, salt: str) -> str:
        raise NotImplementedError("New hashes are made by Argon2Hasher.")

    def verify(self, password: str | bytes, encoded: str) -> bool:
        try:
            stored = self.decode(encoded)
            given = stored["params"]
            expected = _bytes(stored["hash"])
            if (
                given.memory_cost > MOST_MEMORY_KIB
                or given.time_cost > MOST_PASSES
                or given.parallelism > MOST_LANES
                or not 4 <= len(expected) <= 64
            ):
                raise ValueError("This hash wants more than any of ours would.")
            raw = argon2id.raw(
                as_typed(password),
                stored["salt"].encode("latin1"),
                memory_kib=given.memory_cost,
                passes=given.time_cost,
                lanes=given.parallelism,
                length=len(expected),
                kind=Type(given.type),
                version=given.version,
            )
        except (ValueError, AssertionError, AttributeError, HashingError):
            return pay(password)
        return constant_time_compare(raw, expected)


def as_typed(password: str | bytes) -> bytes:
    """The bytes that are hashed. A lone surrogate, which no keyboard makes but JSON can carry, is
    one more wrong character here and is refused where passwords are chosen."""
    if isinstance(password, bytes):
        return password
    return password.encode("utf-8", "surrogatepass")


def pay(password: str | bytes) -> bool:
    """The price of one hash, for what can never match. Always False; raises HashingBusy."""
    standard = Argon2Hasher()
    standard.verify(password, standard.nobody())
    return False


@lru_cache(maxsize=1)
def _chance() -> tuple[str, str]:
    return _base64(os.urandom(SALT_BYTES)), _base64(os.urandom(HASH_BYTES))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _bytes(encoded: str) -> bytes:
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4))
