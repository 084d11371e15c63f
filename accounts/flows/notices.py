"""Who hears of a change to how an account is reached: every address that may matter (ASVS 6.3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.outbox import letters
from accounts.outbox.letters import Letter
from accounts.undo.sets import Undo


def confirmed(user: User) -> list[str]:
    """The person's confirmed addresses, the main one first."""
    rows = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "email")
    return list(rows.values_list("email", flat=True))


def to_all(
    user: User,
    write: Callable[..., Letter],
    *,
    also: Iterable[str] = (),
    undo: Undo | None = None,
    **facts: Any,
) -> list[Letter]:
    """One letter by `write` to each confirmed address of theirs, and to those in `also` (an address
    that is about to go), with the link that stops the change where `undo` has one for the address.
    Composed before the transaction of the change, put into it by its flow."""
    told = []
    for address in dict.fromkeys([*confirmed(user), *also]):
        reader = letters.reader(user, to=address)
        reader["undo"] = undo.link_for(address) if undo else ""
        told.append(write(**{**facts, **reader}))
    return told
