"""The rules as this process last read them: at most REREAD_SECONDS old while the database answers,
and kept as they were while it does not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock

from django.core.exceptions import ValidationError
from django.db import Error as DatabaseFailed
from django.utils import timezone

from accounts.errors import Refusal
from accounts.models import NetworkRule
from accounts.models.network_rule import NetworkRules
from accounts.networks import parsing
from accounts.networks.book import Book, Rule

logger = logging.getLogger(__name__)

REREAD_SECONDS = 5.0


class RulesUnread(Refusal):
    """The database has not said yet who may come, so nobody does."""

    status = 503
    template = "errors/rules_unread.html"
    seconds = 5


class Snapshot:
    """`read(known)` gives the book of now, the same one if nothing changed."""

    def __init__(self, read: Callable[[Book | None], Book]) -> None:
        self._read = read
        self._book: Book | None = None
        self._due = 0.0
        self._reading = Lock()
        self._failing = False

    def current(self) -> Book:
        """Raises RulesUnread until the first reading. One of all threads reads; the others go on
        with the book there is, however long the database takes."""
        # Nobody is turned away because somebody else is at the first reading still.
        unread = self._book is None
        if (unread or time.monotonic() >= self._due) and self._reading.acquire(blocking=unread):
            try:
                if time.monotonic() >= self._due:
                    self._renew()
            finally:
                self._reading.release()
        if self._book is None:
            raise RulesUnread
        return self._book

    def expire(self) -> None:
        """Rules changed here: the next who asks reads them."""
        self._due = 0.0

    def assume(self, book: Book | None, *, seconds: float = REREAD_SECONDS) -> None:
        """Take `book` for what was just read, and believe it so long; None for never read."""
        self._book, self._due, self._failing = book, time.monotonic() + seconds, False

    def _renew(self) -> None:
        # Before the reading: an `expire` meanwhile must not be undone by it.
        self._due = time.monotonic() + REREAD_SECONDS
        try:
            self._book = self._read(self._book)
        except DatabaseFailed as error:
            if not self._failing:
                said = (
                    "kept as they were" if self._book is not None else "not known, nobody is let in"
                )
                logger.error("Network rules cannot be read, %s: %s", said, type(error).__name__)
            self._failing = True
            return
        if self._failing:
            logger.warning("Network rules are read again.")
        self._failing = False


def read(known: Book | None = None) -> Book:
    """The rules that stand now. One SELECT while they are those of `known`, else two: rules never
    change but by ending, so their numbers say whether anything did."""
    standing = NetworkRule.objects.standing(timezone.now())
    if known is not None and known.ids == frozenset(standing.values_list("pk", flat=True)):
        return known
    return Book.of(_rules(standing))


def rules_at(at: datetime, *, without: int = 0) -> list[Rule]:
    """The rules that stand at that moment, as the database has them. One SELECT."""
    return _rules(NetworkRule.objects.standing(at).exclude(pk=without))


def _rules(rows: NetworkRules) -> list[Rule]:
    columns = rows.values_list("pk", "kind", "scope", "network", "ends_at")
    return [_rule(*row) for row in columns]


def _rule(number: int, kind: str, scope: str, network: str, ends_at: datetime | None) -> Rule:
    try:
        around = parsing.network(network)
    except ValidationError:  # nothing of ours writes such a row
        logger.error("Network rule %d cannot be read and matches nobody.", number)
        around = None
    return Rule(number, kind, scope, around, ends_at)


_of_this_process = Snapshot(read)
current = _of_this_process.current
expire = _of_this_process.expire
assume = _of_this_process.assume
