"""A trail that is known, for what is counted from it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import time_machine

from audit import trail
from audit.chain import linking
from audit.events import Event
from tests.support.trail import request_from

NOON = datetime(2026, 11, 25, 12, 20, tzinfo=UTC)
ALICE = "11111111-1111-4111-8111-111111111111"


def happens(event: Event, at: datetime = NOON, times: int = 1, **facts: object) -> None:
    """To alice, from 203.0.113.7, if nobody and nothing else is said; and it is counted."""
    subject = facts.pop("subject", ALICE)
    ip = str(facts.pop("ip", "203.0.113.7"))
    with time_machine.travel(at, tick=False):
        for _ in range(times):
            trail.record(event, subject=subject, request=request_from(ip), **facts)  # type: ignore[arg-type]
    count()


def count() -> None:
    """What the worker does within a second."""
    while linking.link():
        pass


def own_cache() -> dict[str, dict[str, str]]:
    """CACHES of one test: on Redis, what one left there would be the next one's numbers."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    return {"default": {"BACKEND": backend, "LOCATION": str(uuid4())}}
