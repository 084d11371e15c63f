"""The whole trail read again every POLICY_TRAIL_VERIFY_DAYS, so that what is wrong in it is seen though
nobody asks. What is found is an entry, which the dashboard shows, and stands in the log."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from audit import trail
from audit.chain import rows, seals, verifying
from audit.chain.findings import Result
from audit.events import Event

logger = logging.getLogger("audit.chain")

# Of the time that it takes it reads so much, and leaves the rest to everybody else.
LOAD = 0.25
_NEWEST = "SELECT {said} FROM audit_entry WHERE event = %s ORDER BY id DESC LIMIT 20"
_AT, _FACTS = seals.COLUMNS.index("at"), seals.COLUMNS.index("facts")


class Stopped(Exception):
    """Whoever waits for it has to go."""


def is_due(now: datetime) -> bool:
    """Whether it was last read whole too long ago. One SELECT, and one for the key. A time still to
    come says nothing."""
    key = seals.kept_key()
    every = timedelta(days=settings.POLICY_TRAIL_VERIFY_DAYS)
    return bool(key) and not any(timedelta(0) <= now - at < every for at, _found in _read_by(key))


def newest() -> tuple[datetime, int] | None:
    """When the trail was read whole last, and how much was found. One SELECT, and one for the key. By
    time: a copy of an older entry is ours, and has a higher number."""
    key = seals.kept_key()
    return max(_read_by(key), default=None) if key else None


def _read_by(key: bytes) -> Iterator[tuple[datetime, int]]:
    """SECURITY: an INSERT is all it takes to say that it was read today, and that nothing was found.
    So only what this site wrote counts."""
    entries, read = seals.keys_of(key).entries, rows.reader()
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(said=rows.columns()), [Event.TRAIL_VERIFIED.value])
        found = [read(values) for values in cursor.fetchall()]
    for mac, said in found:
        if seals.mac(entries, said) == mac:
            yield seals.written(said[_AT]), json.loads(seals.facts_text(said[_FACTS]))["found"]


def run(
    wait: Callable[[float], None], *, monotonic: Callable[[], float] = time.monotonic
) -> Result:
    """Read it whole, and say what was found. `wait(seconds)` is called after each page and may raise
    Stopped: then nothing is said. What was found is looked for once more before it is said: while it
    is read so slowly, a stretch may be pruned."""
    result = _read(wait, monotonic)
    if result.found:
        result = _read(wait, monotonic)
    if result.found:  # first, in case that nothing can be written down any more
        logger.critical(
            "The trail does not hold: %d found. `auth_events verify` names each.", result.found
        )
    trail.record(Event.TRAIL_VERIFIED, verified=result.verified, found=result.found)
    return result


def _read(wait: Callable[[float], None], monotonic: Callable[[], float]) -> Result:
    since = monotonic()

    def rest(_share: float, _done: int) -> None:
        nonlocal since
        wait((monotonic() - since) * (1 / LOAD - 1))
        since = monotonic()

    return verifying.verify(progress=rest)
