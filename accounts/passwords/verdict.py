"""Is this the password? Exactly one hash, whatever is asked and whatever is stored."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import (
    BasePasswordHasher,
    get_hasher,
    identify_hasher,
    is_password_usable,
)

from accounts.passwords.hashers import pay


@dataclass(frozen=True)
class Verdict:
    right: bool
    # Right, and made under other parameters, another pepper or another algorithm than today's.
    stale: bool = False


def of(password: str, encoded: str | None) -> Verdict:
    """Hold `password` against a stored hash; None stands for nobody.

    Nobody, an unusable password and a hash that cannot be read cost one hash of today's, so that
    none of them can be told from a wrong password. Raises HashingBusy.
    """
    hasher = _reader(encoded)
    if hasher is None or encoded is None:
        return Verdict(right=pay(password))
    right = hasher.verify(password, encoded)
    return Verdict(right=right, stale=right and _is_stale(hasher, encoded))


def is_stale(encoded: str) -> bool:
    """Whether the next right sign-in would replace this hash."""
    hasher = _reader(encoded)
    return hasher is not None and _is_stale(hasher, encoded)


def _is_stale(hasher: BasePasswordHasher, encoded: str) -> bool:
    today = get_hasher()
    return hasher.algorithm != today.algorithm or today.must_update(encoded)


def _reader(encoded: str | None) -> BasePasswordHasher | None:
    if encoded is None or not is_password_usable(encoded):
        return None
    try:
        return identify_hasher(encoded)
    except ValueError:
        return None
