"""How few guessable pieces a password is made of: `michael` `1987` `qwertyuiop` is three.

The rule: a password is too easy when it falls into at most three pieces, each a common word, a number,
a run (`qwerty`, `abcd`) or a repeat (`aaaa`, `xyxyxy`), with at most two different words and at most
eight digits that are neither run nor repeat. Three unrelated words always pass, since that is what
the site advises (NCSC, three random words), and so does a long random number (NIST SP 800-63B-4
3.1.1.2: no rule on kinds of characters). How often it is wrong: docs/passwords.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise

MOST_PIECES = 3
MOST_WORDS = 2
MOST_DIGITS = 8
SHORTEST_WORD = 3
LONGEST_WORD = 16
SHORTEST_RUN = 3
LONGEST_SHORT_UNIT = 4
# One character can unfold into many (U+FDFA becomes 18); what is longer than this is not searched.
LONGEST_TEXT = 128

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "13579",
    "24680",
)
_PAIRS = tuple(frozenset(pairwise(row)) for line in _ROWS for row in (line, line[::-1]))


def is_easy(text: str, is_word: Callable[[str], bool], named: Collection[str] = ()) -> bool:
    """Whether `text` (letters and digits, folded) is easy by the rule above. `named` are further
    words: the person's own, the site's."""
    if not text or len(text) > LONGEST_TEXT:
        return False
    # Per position: the ways to have come here, as (pieces, digits, the words among them).
    ways: list[set[tuple[int, int, frozenset[str]]]] = [set() for _ in range(len(text) + 1)]
    ways[0].add((0, 0, frozenset()))
    for start in range(len(text)):
        open_ways = [way for way in ways[start] if way[0] < MOST_PIECES]
        if not open_ways:
            continue
        for end, digits, word in _pieces_from(text, start, is_word, named):
            for pieces, digits_so_far, words in open_ways:
                with_it = words | {word} if word else words
                if len(with_it) <= MOST_WORDS and digits_so_far + digits <= MOST_DIGITS:
                    ways[end].add((pieces + 1, digits_so_far + digits, with_it))
    return bool(ways[len(text)])


def kinds(text: str, is_word: Callable[[str], bool]) -> list[tuple[str, int]]:
    """What a reader would see in it from left to right, the longest first, with its length: a "run",
    a "repeat", a "number", a "word", and "other" for a stretch that is none of them."""
    found: list[tuple[str, int]] = []
    start = 0
    while start < len(text):
        end, kind = max(_seen_from(text, start, is_word), key=_rank, default=(start + 1, "other"))
        if kind == "other" and found and found[-1][0] == "other":
            found[-1] = (kind, found[-1][1] + 1)
        else:
            found.append((kind, end - start))
        start = end
    return found


def _rank(piece: tuple[int, str]) -> tuple[int, bool]:
    """Of two that end alike the one that is no word: `qwertyuiop` is in the list of words too."""
    end, kind = piece
    return end, kind != "word"


def _seen_from(text: str, start: int, is_word: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    for stop in _run_ends(text, start):
        if stop - start > SHORTEST_RUN:  # words have runs of three in them (`hijack`)
            yield stop, "run"
    for stop in _repeat_ends(text, start):
        yield stop, "repeat"
    for end, digits, word in _pieces_from(text, start, is_word, ()):
        if digits or word:
            yield end, "number" if digits else "word"


def _pieces_from(
    text: str, start: int, is_word: Callable[[str], bool], named: Collection[str]
) -> list[tuple[int, int, str | None]]:
    """Where a piece that begins at `start` can end, its digits if it is a number, its word if one."""
    found: list[tuple[int, int, str | None]] = []
    end = start
    while end < len(text) and text[end].isdecimal() and end - start < MOST_DIGITS:
        end += 1
        found.append((end, end - start, None))
    found += [(stop, 0, None) for stop in _run_ends(text, start)]
    found += [(stop, 0, None) for stop in _repeat_ends(text, start)]
    for stop in range(start + SHORTEST_WORD, min(start + LONGEST_WORD, len(text)) + 1):
        word = text[start:stop]
        if word.isalpha() and is_word(word):
            found.append((stop, 0, word))
    found += [(start + len(word), 0, word) for word in named if text.startswith(word, start)]
    return found


def _run_ends(text: str, start: int) -> list[int]:
    """Ends of keyboard and alphabet runs that begin here, either way round."""
    longest = start
    for pairs in _PAIRS:
        end = start + 1
        while end < len(text) and (text[end - 1], text[end]) in pairs:
            end += 1
        longest = max(longest, end)
    return list(range(start + SHORTEST_RUN, longest + 1))


def _repeat_ends(text: str, start: int) -> list[int]:
    """Ends of repeats of a unit of up to four characters, three times or more (`aaaa`, `haha ha`),
    or of any longer unit said twice."""
    ends: list[int] = []
    period = furthest = 0
    for size in range(1, (len(text) - start) // 2 + 1):
        if period and size % period == 0 and start + 2 * size <= furthest:
            continue  # `aa` twice is `a` four times, found already
        unit = text[start : start + size]
        end = start + size
        while text.startswith(unit, end):
            end += size
            if end - start >= (3 * size if size <= LONGEST_SHORT_UNIT else 2 * size):
                ends.append(end)
        if end > max(furthest, start + size):
            period, furthest = size, end
    return ends
