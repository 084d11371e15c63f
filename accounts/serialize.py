"""One function renders a person for exports and APIs: one place to check for secrets."""

from __future__ import annotations

from typing import Any

from accounts.models import User

# Every field of User is in exactly one of these; a test fails when a new one is in neither.
SHOWN = (
    "username", "email", "name", "display_name", "language", "time_zone", "is_active", "is_staff",
    "is_superuser", "staff_until", "created_at", "last_login", "password_changed_at", "deletion_due_at",
)  # fmt: skip
NEVER_SHOWN = (
    "password", "password_must_change", "credentials_version", "id", "uuid", "groups",
    "user_permissions", "staff_end_told", "two_step_on", "has_second_step", "recovery_codes_left",
    "recovery_ready_at", "held_since", "terms_agreed",
    "frozen_until", "resets_need_proof", "passkey_for_changes", "recovery_days",
)  # fmt: skip


def user_to_dict(user: User) -> dict[str, Any]:
    """Plain values (str, bool, ISO 8601 text in UTC or None); `id` is the public uuid. It never
    carries the password hash or anything that could stand in for it."""
    shown: dict[str, Any] = {"id": str(user.uuid)}
    for field in SHOWN:
        value = getattr(user, field)
        shown[field] = value.isoformat() if hasattr(value, "isoformat") else value
    return shown
