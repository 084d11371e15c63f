"""Lists of passwords that are too widely used, without the passwords.

A list is a file of sorted 8-byte beginnings of SHA-256 digests, big-endian. Nobody reads a password
out of the repository, 64 bits of digest make a chance hit one in 10^14, and a look-up is a bisection.
`scripts/build_blocklist.py` makes the three that are shipped; NOTICE names where they come from.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

PREFIX_BYTES = 8
_HERE = Path(__file__).resolve().parent
LONG = _HERE / "common_long_passwords.bin"
SHORT = _HERE / "common_short_passwords.bin"
WORDS = _HERE / "common_words.bin"


class PrefixFile:
    """`text in prefixes`, for text that went through `folding`. Raises ValueError for a file that is
    cut or out of order: a list that silently matches nothing is worse than none."""

    def __init__(self, path: Path) -> None:
        self._prefixes = array("Q")
        self._prefixes.frombytes(path.read_bytes())
        if sys.byteorder == "little":
            self._prefixes.byteswap()
        if not self._prefixes or any(one >= after for one, after in pairwise(self._prefixes)):
            raise ValueError(f"{path.name} is not a sorted list of prefixes.")

    def __len__(self) -> int:
        return len(self._prefixes)

    def __contains__(self, text: str) -> bool:
        prefix = prefix_of(text)
        found = bisect_left(self._prefixes, prefix)
        return found < len(self._prefixes) and self._prefixes[found] == prefix


def prefix_of(text: str) -> int:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:PREFIX_BYTES], "big")


def write(path: Path, texts: Iterable[str]) -> int:
    """Make such a file; how many entries it got."""
    prefixes = sorted({prefix_of(text) for text in texts})
    path.write_bytes(b"".join(prefix.to_bytes(PREFIX_BYTES, "big") for prefix in prefixes))
    return len(prefixes)


def is_common(password: str) -> bool:
    """Whether it is widely used as it stands."""
    return password in load(LONG) or password in load(SHORT)


def is_word(text: str) -> bool:
    """Whether it is a word that many passwords are made of."""
    return text in load(WORDS)


@lru_cache(maxsize=8)
def load(path: Path) -> PrefixFile:
    return PrefixFile(path)
