"""What somebody may limit for themselves: pure over values, no database.

Each limit is a column of the person, so that a gate or a page asks for it without a statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import User

# Days that somebody may choose to wait for a new second step, where that is longer than for others.
LONGER_WAITS = (14, 21, 30)


@dataclass(frozen=True)
class Limits:
    """`frozen_until`: nobody signs in before. `resets_need_proof`: a letter alone resets no password.
    `passkey_for_changes`: no other fresh proof counts. `recovery_days`: how long the wait for a new
    second step lasts, where that is longer than for others."""

    frozen_until: datetime | None = None
    resets_need_proof: bool = False
    passkey_for_changes: bool = False
    recovery_days: int | None = None

    def json(self, *names: str) -> dict[str, Any]:
        values = asdict(self) | {
            "frozen_until": self.frozen_until and self.frozen_until.isoformat()
        }
        return {name: values[name] for name in names or NAMES}

    def changed(self, other: Limits) -> tuple[list[str], list[str]]:
        """The names of those that are tighter in `other`, and of those that are looser."""
        tighter = [name for name in NAMES if _weight(other, name) > _weight(self, name)]
        looser = [name for name in NAMES if _weight(other, name) < _weight(self, name)]
        return tighter, looser


NAMES = tuple(field.name for field in fields(Limits))


def _weight(limits: Limits, name: str) -> float:
    value = getattr(limits, name)
    return value.timestamp() if isinstance(value, datetime) else float(value or 0)


def of(user: User) -> Limits:
    return Limits(**{name: getattr(user, name) for name in NAMES})


def from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what `Limits.json` wrote."""
    columns = dict(values)
    if columns.get("frozen_until"):
        columns["frozen_until"] = datetime.fromisoformat(columns["frozen_until"])
    return columns


def recovery_days(user: User) -> int:
    """How long this person waits for a new second step, and for a limit to be loosened. However it is
    set, staff wait for no less than others: their accounts open more doors."""
    days = settings.POLICY_RECOVERY_DAYS
    if user.is_staff or user.is_superuser:
        days = max(days, settings.POLICY_RECOVERY_STAFF_DAYS)
    return max(days, user.recovery_days or 0)
