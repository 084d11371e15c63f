"""A person's telephone number, as it was before a change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Phone, User
from accounts.models.phone import row_of
from accounts.undo.parts import Part
from audit import sealing

Former = dict[str, Any]


def _snapshot(user: User) -> Former:
    """The number opened: what is sealed here is sealed anew as a whole. One SELECT."""
    row = Phone.objects.filter(user=user).first()
    if row is None:
        return {"number": ""}
    try:
        return {"number": row.opened_number, "since": row.confirmed_at.isoformat()}
    except sealing.SealBroken:
        return {}


def _put_back(user: User, former: Former) -> None:
    if "number" not in former:  # it did not open: what is there stays
        return
    Phone.objects.filter(user=user).delete()
    if former["number"]:
        row = row_of(user.pk, former["number"])
        row.confirmed_at = datetime.fromisoformat(former["since"])
        row.save(force_insert=True)


PART = Part("phone", _snapshot, _put_back)
