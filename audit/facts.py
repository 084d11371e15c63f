"""What a fact in the trail may hold. Facts stand in clear and for ever, so they are allowed by name
and by kind, never filtered afterwards; personal things travel as label, address and device, sealed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

Json = str | int | bool | list[str]

# Control, format (zero-width, bidirectional), surrogate, line-separating: typed text could use them
# to imitate other lines or to hide some (ASVS 16.4.1).
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
# Drawn as nothing although Unicode has them among letters and symbols: the fillers of Hangul, the empty
# cell of Braille, the empty note of music.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*", re.ASCII)


class FactRefused(ValueError):
    """A fact outside the vocabulary. The message names the fact, never its value: it may be a
    secret that somebody passed by mistake."""


def inert(text: str) -> str:
    """`text` with each character that could move, hide or break a line shown as its escape."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def seen(text: str) -> str:
    """What somebody sees of `text`, a mark with its letter as one: no spaces, controls, fillers or
    marks that stand alone."""
    return "".join(
        one for one in text if unicodedata.category(one)[0] not in "CZM" and one not in _BLANK
    )


class Kind(Protocol):
    """`clean` returns the value as it is stored, or raises ValueError. `str()` documents it."""

    def clean(self, value: object) -> Json: ...


@dataclass(frozen=True)
class OneOf:
    """One word of a closed list."""

    words: tuple[str, ...]

    def clean(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValueError
        return str(value)

    def __str__(self) -> str:
        return "one of " + ", ".join(f"`{word}`" for word in self.words)


@dataclass(frozen=True)
class SomeOf:
    """Some words of a closed list, stored sorted and once each."""

    words: tuple[str, ...]

    def clean(self, value: object) -> list[str]:
        if isinstance(value, str) or not isinstance(value, (list, tuple, set, frozenset)):
            raise ValueError
        one = OneOf(self.words)
        return sorted({one.clean(item) for item in value})

    def __str__(self) -> str:
        return "some of " + ", ".join(f"`{word}`" for word in self.words)


@dataclass(frozen=True)
class Count:
    """A whole number from 0 to `high`."""

    high: int = 1_000_000_000

    def clean(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= self.high:
            raise ValueError
        return value

    def __str__(self) -> str:
        return f"a number, 0 to {self.high}"


@dataclass(frozen=True)
class Word:
    """A name that the program chose: ASCII letters, digits and `_.:/-`."""

    length: int = 60

    def clean(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.length or not _WORD.fullmatch(value):
            raise ValueError
        return value

    def __str__(self) -> str:
        return f"a word of at most {self.length} characters"


@dataclass(frozen=True)
class Prose:
    """A text that somebody with rights typed (a reason). Its form bounds the length; here a longer
    one is refused, one of which fewer than `least` characters are seen, and whatever could play tricks
    in a list is stored as its escape."""

    length: int
    least: int = 0

    def clean(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > self.length:
            raise ValueError
        if len(seen(value)) < self.least:
            raise ValueError
        return inert(value.strip())

    def __str__(self) -> str:
        return f"a text of at most {self.length} characters"


@dataclass(frozen=True)
class Several:
    """Names that people with rights chose, such as those of roles, sorted and once each."""

    length: int
    most: int

    def clean(self, value: object) -> list[str]:
        if isinstance(value, str) or not isinstance(value, (list, tuple, set, frozenset)):
            raise ValueError
        one = Prose(self.length)
        names = sorted({one.clean(item) for item in value})
        if len(names) > self.most:
            raise ValueError
        return names

    def __str__(self) -> str:
        return f"at most {self.most} texts of at most {self.length} characters"


@dataclass(frozen=True)
class Maybe:
    """A fact that may be left out, or None; every other fact of an event must be given."""

    kind: Kind

    def clean(self, value: object) -> Json:
        return self.kind.clean(value)

    def __str__(self) -> str:
        return f"{self.kind}; may be left out"


def cleaned(allowed: dict[str, Kind], given: dict[str, object]) -> dict[str, Json]:
    """`given` as it may be stored; raises FactRefused for a fact that `allowed` does not name, that
    is missing, or that is not of its kind."""
    facts = {}
    for name in given:
        if name not in allowed:
            raise FactRefused(f"{name} is no fact of this event")
    for name, kind in allowed.items():
        if given.get(name) is None:
            if isinstance(kind, Maybe):
                continue
            raise FactRefused(f"{name} is missing")
        try:
            facts[name] = kind.clean(given[name])
        except ValueError:
            raise FactRefused(f"{name} must be {kind}") from None
    return facts
