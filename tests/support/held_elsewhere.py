"""A command that another process runs just now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from accounts.management.alone import alone


@contextmanager
def held_elsewhere(command: str) -> Iterator[None]:
    """Its lock, held in a thread: PostgreSQL gives a lock twice to one connection."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with alone(command):
            taken.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert taken.wait(30)
        yield
    finally:
        done.set()
        thread.join()
