"""One run of a command at a time, for one database (ux.md section 5)."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection


class Busy(Exception):
    """The same command is already running on this database."""


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the lock of the command `name`, or raise Busy. No transaction is held with it.

    PostgreSQL keeps it with the connection, on whichever machine the command runs; beside an SQLite
    file lies a file for it. Either lets go when the process ends, however it ends. Raises OSError
    when that file cannot be opened."""
    held = _advisory if connection.vendor == "postgresql" else _beside_the_file
    with held(name):
        yield


@contextmanager
def _advisory(name: str) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise Busy
    try:
        yield
    finally:
        # A connection that broke has let go by itself.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


@contextmanager
def _beside_the_file(name: str) -> Iterator[None]:
    # Never the database file itself: closing it a second time would drop SQLite's own locks on it.
    path = f"{connection.settings_dict['NAME']}.{name}.lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        yield
    finally:
        os.close(file)
