"""By which of their second steps somebody signed in may prove themselves again (P11)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import factors
from mfa.factors import Factors

# By a code to the mailbox only who has nothing else, also where it is off as a second step.
MAILBOX = "mailbox"


def ways(user: User, held: Factors) -> list[str]:
    """Strongest first; never a code that is sent, which proves a mailbox or a number, unless there is
    nothing else (design: one road in)."""
    strong = [way for way in held.ways if way in ("passkey", "app")]
    if strong or user.has_usable_password():
        return strong
    return [MAILBOX]


def pages(user: User) -> list[dict[str, Any]]:
    """For STEP_UP_PAGES: one page, if the person has a way that it takes."""
    found = ways(user, factors.of(user))
    if not found:
        return []
    page = {"id": "second_step", "description": _("Use your second step")}
    # The page of the password asks the strongest itself, where it is a button (P11).
    return [page | {"url": reverse("mfa_reauthenticate"), "strongest": found[0]}]
