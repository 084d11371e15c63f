"""When the worker last did each of its jobs, written by itself: once a run, and by the loops that turn
each second once a minute. Nobody waits for it, and nothing is decided by it. Read by
accounts/job_status.py."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from accounts.models import JobRun

LETTERS, TEXTS, COPIES, TRAIL, ALERTS = "letters", "texts", "copies", "trail", "alerts"
CHECKS = "trail_checks"
NOTED_EVERY = 60.0


def ended(name: str, began: datetime, rows: int) -> None:
    """A run went well. One upsert."""
    _note(name, began_at=began, ended_at=timezone.now(), rows=rows)


def failed(name: str, error: str) -> None:
    """A run broke off: kind and place of its error. Where the database is what broke, nothing."""
    with suppress(DatabaseError, InterfaceError):
        _note(name, failed_at=timezone.now(), error=error[:100])


def _note(name: str, **said: Any) -> None:
    JobRun.objects.bulk_create(
        [JobRun(name=name, **said)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=list(said),
    )


class Pulse:
    """Of a loop that turns each second: noted once a minute, and so are its troubles."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._due = {True: 0.0, False: 0.0}  # by whether it goes well
        self._begin()

    def _begin(self) -> None:
        self.began, self.rows = timezone.now(), 0

    def beat(self, rows: int = 0) -> None:
        """It turns, and has seen to so many `rows` since the last beat."""
        self.rows += rows
        if self._is_due(well=True):
            ended(self.name, self.began, self.rows)
            self._begin()

    def stumble(self, error: str) -> None:
        if self._is_due(well=False):
            failed(self.name, error)

    def _is_due(self, *, well: bool) -> bool:
        """A change for the better or worse is noted at once."""
        now = time.monotonic()
        if now < self._due[well]:
            return False
        self._due = {well: now + NOTED_EVERY, not well: 0.0}
        return True
