"""Grants as they are made, by the second of staff who says yes or by an operator (`grants` decides)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.errors import CredentialsMoved
from accounts.flows import approvals, deletion, grants, rights, staff
from accounts.flows.rights import held_for
from accounts.models import Approval, User


def _prepare(request: HttpRequest, row: Approval) -> Callable[[User | None], None]:
    """What is done with the second word (accounts/flows/approvals.py)."""
    person, values = cast(User, row.person), grants.asked(approvals.wish_of(row)) or {}
    moved = grants.names(person, values)
    letter = staff.told(request, person, partial(staff.what_changed, values, moved), row.reason)

    def act(now: User | None) -> None:
        if grants.leaves(values) and deletion.stays(person):
            deletion.demand_another(cast(User, now))  # `_people` holds those who stay
        two = approvals.asked_for(row)
        staff.keep(request, cast(User, now), values, letter, row.reason, moved, two=two)

    return act


def _people(wish: approvals.Wish) -> set[int]:
    return deletion.who_stay() if grants.leaves(wish.asked) else set()


KIND = approvals.Kind(
    gettext_lazy("Make somebody staff, or let them do more"),
    said=grants.said,
    allows=grants.allows,
    hold=grants.hold,
    people=_people,
    prepare=_prepare,
    command="manage.py auth_user grant",
)


def by_operator(person: User, values: Mapping[str, Any], *, reason: str) -> None:
    """The same from the command line, where nobody is signed in: it takes no second word. Raises
    CredentialsMoved if their access changed since `person` was loaded."""
    values = grants.with_what_goes(person, values)
    moved = grants.names(person, values)
    letter = staff.told(None, person, partial(staff.what_changed, values, moved), reason)
    with transaction.atomic():
        now = held_for(None, person, rights.GRANT)
        if now.credentials_version != person.credentials_version:
            raise CredentialsMoved
        staff.keep(None, now, values, letter, reason, moved)
