"""What an operator is shown of one account: facts, and never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.gates.explain import Answer, in_words
from accounts.gates.facts import Facts
from accounts.gates.gates import BEFORE, closed
from accounts.known_devices import devices
from accounts.lockout import buckets, limits
from accounts.models import KnownDevice, Session, User


@dataclass(frozen=True)
class Account:
    """`addresses` has the main one first; `closed` are the account's own limits, those of networks
    and of the site are nobody's."""

    id: int
    username: str
    name: str
    addresses: list[str]
    is_active: bool
    is_staff: bool
    is_superuser: bool
    has_password: bool
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
        has_password=user.has_usable_password(),
        created_at=user.created_at,
        last_sign_in=user.last_login,
        deletion_due_at=user.deletion_due_at,
        sessions=Session.objects.filter(user=user, expires_at__gt=timezone.now()).count(),
        known_devices=devices.of_user(user).count(),
        closed=_closed(user),
    )


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
