"""What an operator is shown of one account: facts, and never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts import own_limits, panels
from accounts.gates.explain import Answer, in_words
from accounts.gates.facts import Facts
from accounts.gates.gates import BEFORE, closed
from accounts.known_devices import devices
from accounts.lockout import buckets, limits
from accounts.models import KnownDevice, Session, User
from audit.facts import inert


@dataclass(frozen=True)
class SecondStep:
    """`name` is what its owner calls it, with nothing in it that a terminal obeys."""

    what: str
    name: str
    added_at: datetime
    last_used_at: datetime | None
    note: str


@dataclass(frozen=True)
class Account:
    """`addresses` has the main one first. `roles` and `permissions` as the database knows them; they
    count until `staff_until`, where there is an end. `second_steps` as staff see them, `limits` what
    the person limits for themselves. `closed` are the account's own budgets, those of networks and of
    the site are nobody's."""

    id: int
    username: str
    name: str
    addresses: list[str]
    is_active: bool
    is_staff: bool
    is_superuser: bool
    staff_until: datetime | None
    roles: list[str]
    permissions: list[str]
    has_password: bool
    two_step_on: bool
    second_steps: list[SecondStep]
    limits: dict[str, Any]
    created_at: datetime
    last_sign_in: datetime | None
    deletion_due_at: datetime | None
    sessions: int
    known_devices: int
    closed: list[Answer]


def of(user: User) -> Account:
    confirmed = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "email")
    return Account(
        id=user.pk,
        username=user.username,
        name=user.name,
        addresses=list(confirmed.values_list("email", flat=True)),
        is_active=user.is_active,
        is_staff=user.is_staff,
        is_superuser=user.is_superuser,
        staff_until=user.staff_until,
        roles=list(user.groups.order_by("name").values_list("name", flat=True)),
        permissions=[
            f"{app}.{codename}"
            for app, codename in user.user_permissions.values_list(
                "content_type__app_label", "codename"
            )
        ],
        has_password=user.has_usable_password(),
        two_step_on=user.two_step_on,
        second_steps=_second_steps(user),
        limits=own_limits.of(user).json(),
        created_at=user.created_at,
        last_sign_in=user.last_login,
        deletion_due_at=user.deletion_due_at,
        sessions=Session.objects.filter(user=user, expires_at__gt=timezone.now()).count(),
        known_devices=devices.of_user(user).count(),
        closed=_closed(user),
    )


def _second_steps(user: User) -> list[SecondStep]:
    every = [method for panel in panels.every() for method in panel.methods(user)]
    return [
        SecondStep(
            str(one.what), inert(str(one.name)), one.added_at, one.last_used_at, str(one.note)
        )
        for one in every
    ]


def _closed(user: User) -> list[Answer]:
    """The account's limits for new devices and for known ones."""
    account = buckets.of_user(user)
    own = {limits.STRANGERS, limits.KNOWN_DEVICES}
    found = []
    for device in (None, KnownDevice()):
        standing = limits.load(account, buckets.NOWHERE, device)
        facts = Facts(user, standing, at=standing.at)
        found += [in_words(one, facts) for one in closed(BEFORE, facts) if one.gate in own]
    return found
