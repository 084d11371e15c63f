"""Room to hash in: how many hashes run at once in this process, by the memory they take.

SECURITY: one Argon2id hash takes 19 MiB or more. Without a bound, whoever sends 200 sign-ins at once
decides how much memory the process needs (ASVS 2.4.1, 15.1.3). Every hash of every kind is made
inside `slot()`; over the bound a request waits its turn and is then answered 503.
"""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from accounts.errors import HashingBusy


class HashingInTransaction(RuntimeWarning):
    """A hash is made while a transaction is open: on SQLite all other writers wait for it."""


class _Waiter:
    def __init__(self, width: int) -> None:
        self.width = width
        self.admitted = threading.Event()


class _Room:
    """First come, first served, so that a wide hash (an old one of 100 MiB) gets its turn under a
    flood of narrow ones."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.taken = 0
        self.made = 0
        self.queue: deque[_Waiter] = deque()

    def enter(self, width: int) -> None:
        """Raises HashingBusy after POLICY_HASH_WAIT_SECONDS."""
        waiter = _Waiter(width)
        with self.mutex:
            self.queue.append(waiter)
            self._admit()
        if waiter.admitted.wait(settings.POLICY_HASH_WAIT_SECONDS):
            return
        with self.mutex:
            if waiter.admitted.is_set():
                return
            self.queue.remove(waiter)
            self._admit()  # who stood behind a wide one may fit
        raise HashingBusy

    def leave(self, width: int) -> None:
        with self.mutex:
            self.taken -= width
            self._admit()

    def _admit(self) -> None:
        while self.queue and self.taken + self.queue[0].width <= places():
            waiter = self.queue.popleft()
            self.taken += waiter.width
            self.made += 1
            waiter.admitted.set()


_room = _Room()
_inside = threading.local()


def places() -> int:
    """How many hashes of today's parameters may run at once in this process; at least one."""
    return max(1, settings.POLICY_HASH_MEMORY_MIB * 1024 // settings.POLICY_ARGON2_MEMORY_KIB)


def made() -> int:
    """How many hashes this process has made since it began. What a request cost is the difference."""
    return _room.made


@contextmanager
def slot(memory_kib: int = 0) -> Iterator[None]:
    """Hold a place for one hash of `memory_kib`; one that needs more memory than today's takes as
    many places as it needs, or all there are. A slot within a slot is the same one: it is one hash.

    Raises HashingBusy when no place came free within POLICY_HASH_WAIT_SECONDS.
    """
    if getattr(_inside, "held", False):
        yield
        return
    _warn_of_transactions()
    width = min(places(), max(1, -(-memory_kib // settings.POLICY_ARGON2_MEMORY_KIB)))
    _room.enter(width)
    _inside.held = True
    try:
        yield
    finally:
        _inside.held = False
        _room.leave(width)


def _warn_of_transactions() -> None:
    """Tests turn the warning into an error; in production a person still gets in."""
    for connection in connections.all(initialized_only=True):
        blocks = connection.atomic_blocks
        # Django's own mark on the transaction a test runs in, as durable=True reads it.
        if blocks and not getattr(blocks[-1], "_from_testcase", False):
            warnings.warn(
                f"A password is hashed inside transaction.atomic() on {connection.alias!r}.",
                HashingInTransaction,
                stacklevel=4,
            )
