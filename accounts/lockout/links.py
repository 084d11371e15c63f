"""Keys of mailed links: a network that tries out what fits nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from accounts.errors import LinkUnusable
from accounts.lockout import budgets
from accounts.lockout.buckets import network_bucket


@contextmanager
def opened(request: HttpRequest) -> Iterator[None]:
    """Around looking up the key of a mailed link. Whatever ends in LinkUnusable is counted for the
    network, and ends in TooManyTries where no more is counted: two statements, one where it is
    closed, none for a key that fits.

    SECURITY: one that fits goes through even then. Keys have 128 bits and more, so no guesser has a
    right one, and whoever had one has won already: the answer tells nothing more. Were it refused,
    any page elsewhere could shut its visitors out of their own letters, by a hundred pictures whose
    addresses are made-up keys.
    """
    try:
        yield
    except LinkUnusable:
        budgets.spend(budgets.LINKS, network_bucket(request))
        raise
