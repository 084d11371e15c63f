"""What would make a password better: said beside the field after a try, and never a reason to refuse.

From our own pieces rather than from zxcvbn: docs/decisions/0005. Nothing of the password is said back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.passwords import blocklist, pieces
from accounts.passwords.folding import fold, letters_and_digits

LOOKED_AT = 72  # characters: advice is worth no more time than that
ENOUGH_WORDS = 3
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")

RUNS = gettext_lazy("Rows of keys and runs such as abcd or 1234 are tried first.")
REPEATS = gettext_lazy("Saying something twice adds almost nothing.")
YEARS = gettext_lazy("Years and dates are tried first.")
ONE_MORE = gettext_lazy("One more unrelated word makes it much harder to guess.")


def on(password: str) -> Sequence[Promise]:
    """Sentences on the weakest parts of a password, two at most; none for a good one."""
    folded = fold(password[:LOOKED_AT])[:LOOKED_AT]
    seen = [
        piece
        for part in folded.split()
        for piece in pieces.kinds(letters_and_digits(part), blocklist.is_word)
    ]
    names = [kind for kind, _length in seen]
    # What makes no common word, single digits in between included, is worth one for every four.
    loose = sum(n for kind, n in seen if kind == "other" or (kind == "number" and n < 3))
    words = names.count("word") + loose / 4
    said = [
        (RUNS, "run" in names),
        (REPEATS, "repeat" in names),
        (YEARS, _YEAR.search(folded) is not None),
        (ONE_MORE, seen and words < ENOUGH_WORDS),
    ]
    return [sentence for sentence, holds in said if holds][:2]


def show(field: BoundField, password: str) -> None:
    """Put it behind the hint of a field: read with it, by screen readers too."""
    field.help_text = " ".join(map(str, [field.help_text, *on(password)]))
