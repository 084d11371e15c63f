"""Whom a letter is counted for: the mailbox that gets it, in all the spellings of its address."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.known_devices import devices
from accounts.lockout import budgets
from accounts.lockout.buckets import network_bucket, spelling
from accounts.models import User
from accounts.validators import address_or_blank


def mailbox(address: str) -> str:
    """The mailbox that an address is mostly delivered to: `a+b@x` is `a@x` at nearly every provider,
    so it is one recipient. Dots stay: only few providers ignore them."""
    local, at, domain = spelling(address).rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def of(user: User | None, identifier: str) -> str:
    """For whom a letter is counted that was asked for as `identifier`: `user`'s, or nobody's.

    SECURITY: a person's main address has a count of its own. Whoever knows another one of theirs,
    that of a former employer perhaps, causes letters that the owner never sees, and must not use up
    those they do. What names nobody stands behind a word of its own: it was typed by anybody, and
    may be made to look like the count of a person.
    """
    if user is None:
        return f"nobody {mailbox(identifier)}"
    main, elsewhere = _of_person(user)
    # Whoever is switched off gets their letter at the main address, whatever was typed.
    is_main = not user.is_active or address_or_blank(identifier) in ("", user.email)
    return main if is_main else elsewhere


def begin_anew(budget: budgets.Budget, user: User) -> None:
    """What was sent to any address of theirs says nothing any more. One DELETE."""
    budgets.forget(budget, *_of_person(user))


def _of_person(user: User) -> tuple[str, str]:
    return f"user:{user.pk}", f"user:{user.pk} elsewhere"


def lane(request: HttpRequest, user: User | None, whose: str) -> tuple[str, str]:
    """For whom a letter is counted that this browser asks for, and `by` whom: letters that only work
    in the browser that asked are of no use to an owner whose own ran out. Known devices have a count
    of their own; one network gets half of all others'. The same SELECT for everybody."""
    if devices.find(request, user) is not None:
        return f"{whose} known", "known"
    return whose, network_bucket(request)
