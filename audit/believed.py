"""Lines that this site wrote, where others were slipped in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from audit.trail import Line

# So often one reads on past what is not ours.
PAGES = 20


class Believed(NamedTuple):
    """`left_out`: how many others were met on the way."""

    lines: list[Line]
    left_out: int = 0


def newest(page: Callable[[int | None], list[Line]], limit: int) -> Believed:
    """The first `limit` of ours. `page(before)` gives lines before that number, or the newest, newest
    first; another is asked for only where one had some that are not ours, PAGES at most.

    SECURITY: an INSERT is all it takes to put one there, and a page full of them would hide what staff
    did. Who slips in more than PAGES of them hides it still; that there are some is known, and
    `auth_events verify` names each."""
    found: list[Line] = []
    left_out, before = 0, None
    for _ in range(PAGES):
        lines = page(before)
        ours = [line for line in lines if line.ours]
        found += ours
        left_out += len(lines) - len(ours)
        if len(found) >= limit or len(ours) == len(lines):
            break
        before = lines[-1].id
    return Believed(found[:limit], left_out)
