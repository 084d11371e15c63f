"""The threads that hash. Those that hash for strangers give way to all others.

A hash is 20 ms of pure work that nobody watches, a page is a few ms that somebody waits for. Where
cores are few, whoever guesses passwords would otherwise decide how quick the site is for everybody
(docs/decisions/0006). Known devices have a few tries and are somebody's own: they do not wait behind.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

# Of 0 to 19. At 10 a thread gets a tenth of a core that others want, and all of one that nobody does.
NICENESS = 10
MOST_HANDS = 64

Result = TypeVar("Result")


def run(act: Callable[..., Result], *args: Any, gives_way: bool) -> Result:
    """`act(*args)` on one of those threads; its result or its error. Hold a slot while calling: how
    many run at once is decided there."""
    return _hands(os.getpid(), gives_way).submit(act, *args).result()


@lru_cache(maxsize=2)
def _hands(process: int, gives_way: bool) -> ThreadPoolExecutor:
    """Asked for by process, since a forked one has the object but not the threads."""
    if not gives_way:  # a thread that stepped back may not come forward again
        return ThreadPoolExecutor(MOST_HANDS, thread_name_prefix="hash-known")
    return ThreadPoolExecutor(MOST_HANDS, thread_name_prefix="hash", initializer=_step_back)


def _step_back() -> None:
    """Linux alone has a niceness for each thread; elsewhere the whole process would step back."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
