"""Moves time for the code under test, by the library time-machine: nothing of ours is mocked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from time_machine import Traveller


class Clock:
    """`clock.forward(minutes=30)`. The clock runs on; time.monotonic is left alone."""

    def __init__(self, traveller: Traveller) -> None:
        self._traveller = traveller

    def forward(self, **how_long: float) -> datetime:
        self._traveller.shift(timedelta(**how_long))
        return datetime.now(UTC)
