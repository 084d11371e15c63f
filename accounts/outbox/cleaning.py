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
# The shape of a name, its letters written as "a": words of letters with apostrophes, hyphens and
# middle dots inside, initials ("J. R. R.", "J.R.R.") and short forms ("Dr.", "Jr."), five at most.
_WORD = r"(?:(?:a\.)+|a{1,3}\.|'?a+(?:['-]a+)*'?)"
_NAME = re.compile(rf"{_WORD}(?: {_WORD}){{0,4}}")
_APOSTROPHES = "'\u2018\u2019\u05f3`"
_HYPHENS = "-\u2010\u2011\u05be\u00b7\u30fb"
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
    """`name` as a letter may say it, or the empty string for anything that is not plainly a name.

    Sign-up sends a letter to whatever address was typed, so a name like "You won, see evil.example"
    would make this site the sender of somebody's spam. Only what people are called comes through:
    letters of any script and the few signs between them. A dot never stands before a word, in no
    script's form of it, so nothing reads as a host. Compatibility forms count as what they look
    like (full-width letters and signs).
    """
    line = one_line(name, NAME_LENGTH + 1)
    if len(line) > NAME_LENGTH or len(name) > 4 * NAME_LENGTH:
        return ""  # part of a name is none
    shape = "".join(map(_sign, unicodedata.normalize("NFKC", line)))
    return line if _NAME.fullmatch(shape) else ""


def _sign(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    if character in _HYPHENS:
        return "-"
    # Letters, and the marks that belong to them.
    return "a" if unicodedata.category(character)[0] in "LM" else character
