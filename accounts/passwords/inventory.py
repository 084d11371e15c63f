"""Which kinds of hashes lie in the table: what a change of parameters or peppers still waits for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.contrib.auth.hashers import identify_hasher, is_password_usable

from accounts.passwords import peppers, verdict
from accounts.passwords.hashers import pay

# Never shown, and different in every row.
_SECRET = frozenset(("salt", "hash", "checksum", "params", "algorithm", "pepper"))
UNUSABLE, UNREADABLE = "unusable", "unreadable"
# A hash costs a little more or less from one time to the next.
DEARER = 1.25


@dataclass(frozen=True)
class Kind:
    algorithm: str
    parameters: str = ""
    pepper: str = ""


@dataclass(frozen=True)
class Share:
    """How many hashes are of one kind, and what that means."""

    kind: Kind
    count: int
    stale: bool
    lost: bool
    # CPU time of one, as a multiple of a hash of today's, measured here and now.
    price: float

    @property
    def is_dearer(self) -> bool:
        return self.price > DEARER


def taken(encoded: Iterable[str]) -> list[Share]:
    """One pass over the hashes, keeping one example of each kind. Makes one hash a kind."""
    counts: Counter[Kind] = Counter()
    examples: dict[Kind, str] = {}
    for one in encoded:
        kind = kind_of(one)
        counts[kind] += 1
        examples.setdefault(kind, one)
    known = peppers.ring()
    standard = median(_cpu_seconds(None) for _again in range(3))
    return [
        _share(kind, count, examples[kind], known, standard) for kind, count in counts.most_common()
    ]


def _share(kind: Kind, count: int, example: str, known: dict[str, bytes], standard: float) -> Share:
    lost = bool(kind.pepper) and kind.pepper not in known
    stale = not lost and kind.algorithm not in (UNUSABLE, UNREADABLE) and verdict.is_stale(example)
    price = round(_cpu_seconds(example) / standard, 1) if stale or lost else 1.0
    return Share(kind, count, stale=stale, lost=lost, price=price)


def kind_of(encoded: str) -> Kind:
    if not is_password_usable(encoded):
        return Kind(UNUSABLE)
    try:
        stored: dict[str, Any] = identify_hasher(encoded).decode(encoded)
    except (ValueError, AssertionError, AttributeError, TypeError):
        return Kind(UNREADABLE)
    shown = (f"{name}={value}" for name, value in stored.items() if name not in _SECRET)
    return Kind(stored["algorithm"], ", ".join(shown), stored.get("pepper", ""))


def _cpu_seconds(encoded: str | None) -> float:
    began = time.process_time()
    verdict.of("", encoded) if encoded else pay("")
    return time.process_time() - began
