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
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from accounts.errors import HashingBusy


class HashingInTransaction(RuntimeWarning):
    """A hash is made while a transaction is open: on SQLite all other writers wait for it."""


@dataclass(frozen=True)
class Caller:
    """For whom a hash is made: somebody on a known device, or a stranger from a network."""

    known: bool = False
    network: str = ""


class _Waiter:
    def __init__(self, width: int, caller: Caller) -> None:
        self.width = width
        self.caller = caller
        self.admitted = threading.Event()


class _Room:
    """Known devices before strangers, who leave a quarter of the places to them; among each, first
    come, first served, so that a wide hash (an old one of 100 MiB) gets its turn under a flood of
    narrow ones."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.inside = {True: 0, False: 0}  # places taken by known devices, by strangers
        self.made = 0
        self.known: deque[_Waiter] = deque()
        self.strangers: deque[_Waiter] = deque()

    @property
    def taken(self) -> int:
        return sum(self.inside.values())

    def enter(self, width: int, caller: Caller) -> None:
        """Raises HashingBusy after POLICY_HASH_WAIT_SECONDS, and at once where as many wait as may:
        each holds one of the server's threads, and others are to find one free."""
        waiter = _Waiter(width, caller)
        queue = self.known if caller.known else self.strangers
        with self.mutex:
            if self._is_full(queue, caller.network):
                raise HashingBusy
            queue.append(waiter)
            self._admit()
        if waiter.admitted.wait(settings.POLICY_HASH_WAIT_SECONDS):
            return
        with self.mutex:
            if waiter.admitted.is_set():
                return
            queue.remove(waiter)
            self._admit()  # who stood behind a wide one may fit
        raise HashingBusy

    def _is_full(self, queue: deque[_Waiter], network: str) -> bool:
        """Whether one more would wait too many in this queue; one network has two thirds of it."""
        most = settings.POLICY_HASH_WAITING
        theirs = sum(one.caller.network == network for one in queue)
        return len(queue) >= most or (network != "" and theirs >= most * 2 // 3)

    def leave(self, width: int, caller: Caller) -> None:
        with self.mutex:
            self.inside[caller.known] -= width
            self._admit()

    def _admit(self) -> None:
        """SECURITY: neither shuts the other out. Anybody may have an account and a device that is
        known for it, so where strangers wait one place is theirs."""
        if not self.known and not self.strangers:
            return
        left = 1 if self.strangers and places() > 1 else 0
        self._admit_from(self.known, places() - left)
        self._admit_from(self.strangers, places() - kept())

    def _admit_from(self, queue: deque[_Waiter], most: int) -> None:
        while queue and self._fits(queue[0], most):
            waiter = queue.popleft()
            self.inside[waiter.caller.known] += waiter.width
            self.made += 1
            waiter.admitted.set()

    def _fits(self, waiter: _Waiter, most: int) -> bool:
        # What is wider than the room of its kind waits for all of it to be empty.
        return self.taken == 0 or (
            self.inside[waiter.caller.known] + waiter.width <= most
            and self.taken + waiter.width <= places()
        )


_room = _Room()
_caller: ContextVar[Caller] = ContextVar("_caller", default=Caller())  # noqa: B039 - it is frozen


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Hashes inside are made for this caller."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


def caller() -> Caller:
    """For whom hashes are made here; a stranger where nobody said."""
    return _caller.get()


_inside = threading.local()


def places() -> int:
    """How many hashes of today's parameters may run at once in this process; at least one."""
    return max(1, settings.POLICY_HASH_MEMORY_MIB * 1024 // settings.POLICY_ARGON2_MEMORY_KIB)


def kept() -> int:
    """How many of them strangers leave to known devices: a quarter, none of fewer than four."""
    return places() // 4


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
    caller = _caller.get()
    _room.enter(width, caller)
    _inside.held = True
    try:
        yield
    finally:
        _inside.held = False
        _room.leave(width, caller)


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
