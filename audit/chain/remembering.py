"""Where the chain ended last, as a process remembers it: whoever owns the database can set the note of
that back, take the newest entries away or let them be placed anew, and has no hand in here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from audit.chain import ending
from audit.models import Entry

logger = logging.getLogger("audit.chain")
heads = logging.getLogger("audit.heads")

TOLD_EVERY = 60.0  # seconds in which it moved


class End:
    """`look()` as often as entries are placed. What has gone back is said once, in the log, and so is
    the end itself in each minute in which it moved: the log lies where the database's owner may have no
    hand, and its lines say what a line of heads says."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: tuple[int, str] | None = None
        self._told: tuple[int, str] | None = None
        self._tell_at = 0.0

    def look(self) -> None:
        """One SELECT; where the end moved, one more."""
        kept = ending.kept()
        end = kept.sequence, kept.seal
        seen = self._seen
        if seen is not None and end != seen and not _goes_on(*seen, end[0]):
            logger.critical(
                "The end of the trail went back: it was %s %s, and is %s %s.", *seen, *end
            )
        self._seen = end
        now = self._monotonic()
        if end != self._told and end[0] and now >= self._tell_at:
            self._told, self._tell_at = end, now + TOLD_EVERY
            heads.info("End of the trail: %s %s", *end)


def _goes_on(last: int, seal: str, place: int) -> bool:
    """SECURITY: a place further on is not enough: an end that was set back may have been passed again
    since, by other entries. What stood there last stands there still."""
    if place <= last:
        return False
    return not last or Entry.objects.filter(sequence=last, seal=seal).exists()
