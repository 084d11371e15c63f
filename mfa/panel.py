"""What this room puts on a person's own pages (ACCOUNT_PANELS)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.panels import MenuEntry, Panel
from mfa import factors, policy
from mfa.recovery import notices


def todo(user: User) -> list[dict[str, Any]]:
    """Two SELECTs at most for somebody who has nothing yet."""
    if not policy.is_offered(user):
        return []
    held = factors.of(user)
    items = []
    if held.has_any and held.codes is None:
        items.append(
            _item(
                "ticket",
                _("Save recovery codes"),
                _("Two-step sign-in is not on yet. You have not saved your recovery codes."),
                "mfa_recovery_codes_generate",
                _("Save codes"),
            )
        )
    elif held.codes is not None and held.codes_left <= FEW:
        items.append(
            _item(
                "ticket",
                _("Create new recovery codes"),
                ngettext(
                    "You have %(n)d recovery code left.",
                    "You have %(n)d recovery codes left.",
                    held.codes_left,
                )
                % {"n": held.codes_left},
                "mfa_recovery_codes_generate",
                _("Create codes"),
            )
        )
    if not held.has_any:
        items.append(
            _item(
                "shield",
                _("Turn on two-step sign-in"),
                _("Then a password that somebody else learns is not enough to get in."),
                "mfa_security",
                _("Set up"),
            )
        )
    return items


FEW = 3


def _item(icon: str, title: str, text: str, url_name: str, label: str) -> dict[str, Any]:
    return {"icon": icon, "title": title, "text": text, "url": reverse(url_name), "label": label}


def facts(user: User) -> list[dict[str, Any]]:
    if not policy.is_offered(user) and not user.two_step_on:
        return []
    return [
        {
            "label": _("Two-step sign-in"),
            "value": _("On") if user.two_step_on else _("Off"),
            "url": reverse("mfa_security"),
            "link_label": _("Sign-in and security"),
        }
    ]


panel = Panel(
    menu=(
        MenuEntry(
            "mfa_security", "shield", gettext_lazy("Two-step sign-in"), covers="/accounts/mfa/"
        ),
    ),
    todo=todo,
    facts=facts,
    notices=notices.of,
    about_to={
        "mfa_app_activate": gettext_lazy(
            "You are about to set up an authenticator app. Confirm it is you first."
        ),
        "mfa_app_deactivate": gettext_lazy(
            "You are about to turn off the authenticator app. Confirm it is you first."
        ),
        "mfa_recovery_codes_generate": gettext_lazy(
            "You are about to create recovery codes. Confirm it is you first."
        ),
    },
)
