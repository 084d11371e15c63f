"""Hashes that people bring from elsewhere: read at sign-in, then replaced by one of ours.

Django's hashers, made to fit this house: inside a slot, never raising for what was typed, and never
hashing twice to level their price (a legacy row costs its own price until its owner signs in;
`auth_hashes report` counts them).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.contrib.auth import hashers

from accounts.passwords import slots
from accounts.passwords.hashers import pay

BCRYPT_BYTES = 72


class ReadOnly:
    """Mixed in before one of Django's hashers."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with slots.slot():
            return super().encode(*args, **kwargs)  # type: ignore[misc]

    def verify(self, password: str, encoded: str) -> bool:
        with slots.slot(self.memory_kib(encoded)):
            try:
                return super().verify(password, encoded)  # type: ignore[misc]
            except (ValueError, AssertionError, TypeError, OverflowError, ImportError):
                # A hash that was cut or mangled, text that UTF-8 cannot carry, a library not there.
                return pay(password)

    def memory_kib(self, encoded: str) -> int:
        return 0

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing, see above."""


class PBKDF2(ReadOnly, hashers.PBKDF2PasswordHasher):
    """`pbkdf2_sha256$…`"""


class PBKDF2SHA1(ReadOnly, hashers.PBKDF2SHA1PasswordHasher):
    """`pbkdf2_sha1$…`"""


class BCryptSHA256(ReadOnly, hashers.BCryptSHA256PasswordHasher):
    """`bcrypt_sha256$…`"""


class BCrypt(ReadOnly, hashers.BCryptPasswordHasher):
    """`bcrypt$…`, which never saw more than 72 bytes of a password. The library refuses longer ones
    since 5.0; whoever chose one still signs in, once, and is upgraded."""

    def encode(self, password: str, salt: Any) -> str:
        with slots.slot():
            data = import_module("bcrypt").hashpw(password.encode()[:BCRYPT_BYTES], salt)
        return f"{self.algorithm}${data.decode('ascii')}"


class Scrypt(ReadOnly, hashers.ScryptPasswordHasher):
    """`scrypt$…`. OpenSSL takes its memory by malloc, which keeps some for every thread that ever
    asked (docs/decisions/0002), so one thread makes all of them."""

    def encode(
        self,
        password: str,
        salt: str,
        n: int | None = None,
        r: int | None = None,
        p: int | None = None,
    ) -> str:
        # Past ReadOnly: that thread stands outside the slot which this one holds.
        encode = super(ReadOnly, self).encode
        with slots.slot():
            return _one_thread(os.getpid()).submit(encode, password, salt, n, r, p).result()

    def memory_kib(self, encoded: str) -> int:
        try:
            stored: dict[str, Any] = self.decode(encoded)
        except (ValueError, AssertionError):
            return 0
        return 128 * stored["work_factor"] * stored["block_size"] // 1024


@lru_cache(maxsize=1)
def _one_thread(process: int) -> ThreadPoolExecutor:
    """Asked for by process, since a forked one has the object but not the thread."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="scrypt")
