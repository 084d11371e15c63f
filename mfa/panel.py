"""What this room puts on a person's own pages (ACCOUNT_PANELS)."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.panels import DeviceCard, MenuEntry, Panel
from mfa import checks, methods, policy
from mfa.flows import passkey_offer, trusted
from mfa.job_words import JOBS
from mfa.letter_kinds import LETTERS
from mfa.recovery import notices
from mfa.sentences import SENTENCES


def todo(user: User) -> list[dict[str, Any]]:
    """Read from the person's own row: no statement."""
    if not policy.is_offered(user):
        return []
    left = user.recovery_codes_left
    demand = policy.demand_on(user)
    if demand.may_wait and not user.two_step_on:
        said = _("You have until %(day)s. After that you cannot use your account without it.")
        day = formats.date_format(cast(date, demand.until))
        return [
            _item(
                "shield", _("Add a second step"), said % {"day": day}, "mfa_required", _("Set up")
            )
        ]
    if not user.has_second_step:
        return [
            _item(
                "shield",
                _("Turn on two-step sign-in"),
                _("Then a password that somebody else learns is not enough to get in."),
                "mfa_security",
                _("Set up"),
            )
        ]
    if left is None:
        return [
            _item(
                "ticket",
                _("Save recovery codes"),
                _("Two-step sign-in is not on yet. You have not saved your recovery codes."),
                "mfa_recovery_codes_generate",
                _("Save codes"),
            )
        ]
    if left <= FEW:
        said = ngettext(
            "You have %(n)d recovery code left.", "You have %(n)d recovery codes left.", left
        )
        return [
            _item(
                "ticket",
                _("Create new recovery codes"),
                said % {"n": left},
                "mfa_recovery_codes_generate",
                _("Create codes"),
            )
        ]
    return []


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
            "link_label": _("Change two-step sign-in"),
        }
    ]


def devices(user: User) -> DeviceCard | None:
    """The browsers that are not asked for the second step."""
    listed = trusted.of(user)
    if not listed:
        return None
    marks = {one.device: gettext_lazy("Trusted") for one in listed if one.device}
    return DeviceCard("elements/mfa/devices_trusted.html", listed, marks)


panel = Panel(
    menu=(
        MenuEntry(
            "mfa_security",
            "shield",
            gettext_lazy("Two-step sign-in"),
            covers="/accounts/mfa/",
            after="account_change_password",
        ),
    ),
    todo=todo,
    facts=facts,
    offer=lambda request: passkey_offer.page_to_offer(request, request.user),
    notices=notices.of,
    sentences=SENTENCES,
    letters=LETTERS,
    jobs=JOBS,
    devices=devices,
    to_check=checks.of,
    methods=methods.of,
    about_to={
        "mfa_passkeys": gettext_lazy(
            "You are about to change your passkeys. Confirm it is you first."
        ),
        "mfa_passkey_edit": gettext_lazy(
            "You are about to rename a passkey. Confirm it is you first."
        ),
        "mfa_passkey_remove": gettext_lazy(
            "You are about to remove a passkey. Confirm it is you first."
        ),
        "mfa_app_activate": gettext_lazy(
            "You are about to set up an authenticator app. Confirm it is you first."
        ),
        "mfa_app_deactivate": gettext_lazy(
            "You are about to turn off the authenticator app. Confirm it is you first."
        ),
        **dict.fromkeys(
            ("mfa_texted_on", "mfa_texted_off", "mfa_mailed_on", "mfa_mailed_off"),
            gettext_lazy("You are about to change your second steps. Confirm it is you first."),
        ),
        "mfa_trusted": gettext_lazy(
            "You are about to forget trusted devices. Confirm it is you first."
        ),
        "mfa_recovery_codes_generate": gettext_lazy(
            "You are about to create recovery codes. Confirm it is you first."
        ),
    },
)
