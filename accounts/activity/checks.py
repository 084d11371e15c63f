"""What whoever was in an account may have left behind: how much there is of it, and since when, so
that its owner sees what is not theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Count, F, Max, QuerySet, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.activity.told import Words
from accounts.known_devices import devices
from accounts.models import Phone, Session, User


@dataclass(frozen=True)
class Check:
    """`newest` is when the last of them came, if that is known; `url` the page where they are."""

    label: Words
    count: int
    newest: datetime | None
    url: str
    link_label: Words


Counted = dict[str, tuple[int, datetime | None]]


def counted(**rows: QuerySet[Any]) -> Counted:
    """How many rows each of these has, and when the newest was made (`created_at`). One SELECT."""
    parts = [
        of.order_by().values(kind=Value(name)).annotate(n=Count("pk"), newest=Max("created_at"))
        for name, of in rows.items()
    ]
    found: Counted = dict.fromkeys(rows, (0, None))
    for kind, number, newest in (
        parts[0].union(*parts[1:], all=True).values_list("kind", "n", "newest")
    ):
        found[kind] = number, newest
    return found


def own(user: User) -> list[Check]:
    """Two SELECTs."""
    phones = Phone.objects.filter(user=user).annotate(created_at=F("confirmed_at"))
    found = counted(devices=devices.of_user(user), phones=phones)
    known, known_since = found["devices"]
    numbers, confirmed_at = found["phones"]
    rows = EmailAddress.objects.filter(user=user, verified=True)
    addresses = rows.aggregate(n=Count("pk"), newest=Max("since__confirmed_at"))
    return [
        Check(
            _("Email addresses"),
            addresses["n"],
            addresses["newest"],
            reverse("account_email"),
            _("Check email addresses"),
        ),
        Check(
            _("Phone number"),
            numbers,
            confirmed_at,
            reverse("account_phone"),
            _("Check the phone number"),
        ),
        Check(
            _("Known devices"),
            known,
            known_since,
            reverse("account_devices"),
            _("Check known devices"),
        ),
    ]


def sessions_elsewhere(user: User, here: str) -> int:
    """On how many other devices the person is signed in. One SELECT."""
    rows = Session.objects.filter(user=user, credentials_version=user.credentials_version)
    return rows.filter(expires_at__gt=timezone.now()).exclude(key=here).count()
