"""The spelling in which passwords are compared with lists. Never the spelling that is hashed.

A password is hashed exactly as it was typed; only to ask "is this one of the widely used ones" do
capitals, accents, full-width letters and characters nobody can see stop making a difference.
"""

from __future__ import annotations

import unicodedata

_INVISIBLE = frozenset(("Cf", "Cc", "Mn"))
# 1 stands for i or for l.
_LOOK_ALIKES = tuple(str.maketrans("@$!013457", f"asio{one}east") for one in "il")


def fold(text: str) -> str:
    """Lower case without accents, marks or invisible characters, every digit as ASCII."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in plain
        if unicodedata.category(character) not in _INVISIBLE
    )


def letters_and_digits(folded: str) -> str:
    return "".join(character for character in folded if character.isalnum())


def unmasked(folded: str) -> set[str]:
    """`p@ssw0rd` as `password`: the swaps that every guessing program tries first."""
    return {folded.translate(swaps) for swaps in _LOOK_ALIKES}
