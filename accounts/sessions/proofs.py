"""What a session was proved by: the words of its record, and which of them are a second step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from accounts.models import Session, User

# A passkey with user verification is both steps at once (NIST SP 800-63B-4 3.1.6).
SECOND_STEPS = frozenset(
    {
        *("passkey", "security_key", "app", "recovery_code", "texted_code", "mailed_code"),
        "trusted_device",
    }
)

Proofs = Iterable[Mapping[str, Any]]


def of_request(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """How `user` proved themselves in this session, or in the sign-in under way; oldest first."""
    return get_authentication_records(request, user)


def has_second_step(proofs: Proofs, *, since: float = 0) -> bool:
    """Whether a second step is among them, not older than `since` (seconds since 1970)."""
    return any(one.get("method") in SECOND_STEPS and one.get("at", 0) >= since for one in proofs)


def suffice(row: Session, *, two_step_on: bool) -> bool:
    """Whether a signed-in session is worth anything: with two-step sign-in on, only with a second
    proof. Asked wherever a session is read, so that there is no way around it."""
    return not two_step_on or has_second_step(row.proved)
