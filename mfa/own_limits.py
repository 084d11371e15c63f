"""What second steps mean for the limits that people set for themselves (accounts/flows/limits.py)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import User
from mfa import factors

FEWEST_PASSKEYS = 2


def strongest(user: User) -> Iterable[str]:
    """Words of a session's record, for STRONGEST_PROOF: a passkey if they have one, else the app, else
    the password, else the mailbox. Six SELECTs."""
    held = factors.of(user)
    if held.passkeys:
        return ["passkey"]
    if held.app:
        return ["app"]
    return ["password"] if user.has_usable_password() else ["mailbox"]


def why_not_resets(user: User) -> str:
    """A reset that takes a second step needs one."""
    return "" if user.two_step_on else _("Turn on two-step sign-in first.")


def why_not_passkeys(user: User) -> str:
    """Whoever loses the one passkey there is would change nothing any more until the wait is over."""
    held = factors.of(user)
    if len(held.passkeys) >= FEWEST_PASSKEYS or (held.passkeys and held.codes_left):
        return ""
    return _("Add two passkeys first, or one and recovery codes.")


def lean_on(user: User, after: factors.Factors) -> bool:
    """Whether a limit of theirs would stand on nothing with what they have `after` a change."""
    return (user.passkey_for_changes and not after.passkeys) or (
        user.resets_need_proof and not after.has_any
    )
