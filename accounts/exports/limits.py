"""The limits that somebody set for themselves, as they are handed out."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from accounts import own_limits
from accounts.exports import said
from accounts.models import OwnLimits, User
from accounts.personal_data import Row, Section


def _rows(user: User) -> Iterator[Row]:
    """One, of somebody who ever set one."""
    for row in OwnLimits.objects.filter(user=user):
        now = own_limits.of(user)
        yield {
            "frozen_until": now.frozen_until,
            "resets_need_proof": now.resets_need_proof,
            "passkey_for_changes": now.passkey_for_changes,
            "recovery_days": now.recovery_days,
            "set_at": row.set_at,
            "wanted": row.wanted,
            "ready_at": row.ready_at,
        }


LIMITS = Section(
    "limits",
    _("Limits you set"),
    {
        **said.LIMITS,
        "set_at": _("When you set each"),
        "wanted": _("What you asked to change"),
        "ready_at": _("When that takes effect"),
    },
    _rows,
    said={"set_at": said.by_limit, "wanted": said.by_limit},
    tables=("accounts.OwnLimits",),
)
