"""The limits that somebody set for themselves, as they are handed out."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import OwnLimits, User
from accounts.personal_data import Row, Section


def _rows(user: User) -> Iterator[Row]:
    """One, of somebody who ever set one."""
    for row in OwnLimits.objects.filter(user=user):
        now = limits.of(user)
        yield {
            "frozen_until": now.frozen_until,
            "resets_need_proof": now.resets_need_proof,
            "passkey_for_changes": now.passkey_for_changes,
            "recovery_days": now.recovery_days,
            "set_at": [f"{name} {at}" for name, at in row.set_at.items()],
            "wanted": [f"{name} {value}" for name, value in row.wanted.items()],
            "ready_at": row.ready_at,
        }


LIMITS = Section(
    "limits",
    _("Limits you set"),
    {
        "frozen_until": _("Sign-ins frozen until"),
        "resets_need_proof": _("No reset by email alone"),
        "passkey_for_changes": _("Changes take a passkey"),
        "recovery_days": _("Days to wait for a new second step"),
        "set_at": _("Set, by limit"),
        "wanted": _("Asked to be lifted, by limit"),
        "ready_at": _("Lifted from"),
    },
    _rows,
    tables=("accounts.OwnLimits",),
)
