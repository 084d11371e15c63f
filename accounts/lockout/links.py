"""Keys of mailed links: a network that tries out what fits nothing is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from accounts.errors import LinkUnusable
from accounts.lockout import budgets
from accounts.lockout.buckets import network_bucket


@contextmanager
def opened(request: HttpRequest) -> Iterator[None]:
    """Around looking up the key of a mailed link; raises TooManyTries before it is looked up.

    Whatever ends in LinkUnusable is counted for the network, and nothing else is. Three statements;
    two for a key that fits nothing, one where it is closed.
    """
    network = network_bucket(request)
    budgets.spend(budgets.LINKS, network)
    unusable = False
    try:
        yield
    except LinkUnusable:
        unusable = True
        raise
    finally:
        if not unusable:
            budgets.give_back(budgets.LINKS, network)
