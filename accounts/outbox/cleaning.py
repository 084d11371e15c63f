"""Text that somebody else typed, made fit for a letter.

A letter carries this site's name to people who may never have asked for it, so what a stranger
typed must not be able to speak in it: no line breaks (header injection, ASVS 1.3.11), nothing
invisible or turning the writing direction, nothing that a mail program makes clickable.
"""

from __future__ import annotations

import re
import unicodedata

LINE_LENGTH = 120
NAME_LENGTH = 60

# Format characters (bidirectional, zero-width), surrogates, private and unassigned ones go;
# controls and line ends become a space.
_GONE = frozenset(("Cf", "Cs", "Co", "Cn"))
_SPACE = frozenset(("Cc", "Zl", "Zp", "Zs"))
# What mail programs turn into links by themselves: addresses, hosts ("example.com"), phone numbers.
_CLICKABLE = re.compile(r"://|www\.|@|[^\s.]\.[^\W\d_]{2,}|\d[\d\s().+-]{3,}\d", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z0-9+.-]*:/+|www\.", re.IGNORECASE)


def one_line(text: object, length: int = LINE_LENGTH) -> str:
    """`text` on one line, without invisible characters, at most `length` characters long."""
    seen = str(text)[: 4 * length]
    return " ".join("".join(map(_visible, seen)).split())[:length].strip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _GONE:
        return ""
    return " " if category in _SPACE else character


def prose(text: object, length: int) -> str:
    """One line in which nothing is a link: schemes and `www.` go, the words stay."""
    line = one_line(text, length)
    # Again and again: taking one away can make another ("wwwww.w.").
    while (bare := _SCHEME.sub("", line)) != line:
        line = bare
    return line


def name_for_greeting(name: str) -> str:
    """`name` as a letter may say it, or the empty string for one that would read as a message.

    Sign-up sends a letter to whatever address was typed, so a name like "You won, see evil.example"
    would make this site the sender of somebody's spam. Compatibility forms count as what they look
    like (full-width letters and signs).
    """
    line = one_line(name, NAME_LENGTH)
    if _CLICKABLE.search(unicodedata.normalize("NFKC", line)):
        return ""
    return line
