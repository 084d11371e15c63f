"""A person's addresses, as they were before a change."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import AddressSince, User
from accounts.undo.parts import Part


def _snapshot(user: User) -> dict[str, Any]:
    """The main address, and since when each is confirmed, as ISO 8601."""
    rows = EmailAddress.objects.filter(user=user, verified=True).select_related("since")
    return {"main": user.email, "since": {row.email: _since(row) for row in rows}}


def _since(row: EmailAddress) -> str:
    try:
        return row.since.confirmed_at.isoformat()
    except AddressSince.DoesNotExist:
        return ""


def _put_back(user: User, former: dict[str, Any]) -> None:
    """Those that came go, those that went come back, and the main one is main again. One that
    somebody else has proved meanwhile stays theirs; if all are, the person keeps what they have."""
    everybodys = EmailAddress.objects.filter(email__in=former["since"], verified=True)
    taken = set(everybodys.exclude(user=user).values_list("email", flat=True))
    wanted = [email for email in former["since"] if email not in taken]
    if not wanted:
        return
    mine = EmailAddress.objects.filter(user=user)
    mine.exclude(email__in=wanted, verified=True).delete()
    mine.update(primary=False)
    held = set(mine.values_list("email", flat=True))
    for email in wanted:
        if email not in held:
            row = EmailAddress.objects.create(user=user, email=email, verified=True)
            if since := former["since"][email]:
                AddressSince.objects.filter(address=row).update(confirmed_at=since)
    main = former["main"] if former["main"] in wanted else wanted[0]
    mine.filter(email=main).update(primary=True)
    User.objects.filter(pk=user.pk).update(email=main)
    user.email = main


PART = Part("address", _snapshot, _put_back)
