"""The closed words of the trail's facts as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.utils import label_for_field
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import roles
from accounts.activity.told import Words
from accounts.models import User

Facts = Mapping[str, Any]
METHODS: dict[str, Words] = {
    "password": gettext_lazy("Password"),
    "code": gettext_lazy("Code from an email"),
    "link": gettext_lazy("Link from an email"),
    "passkey": gettext_lazy("Passkey"),
    "provider": gettext_lazy("Account elsewhere"),
    "app": gettext_lazy("Authenticator app"),
    "security_key": gettext_lazy("Security key"),
    "recovery_code": gettext_lazy("Recovery code"),
    "texted_code": gettext_lazy("Code by text message"),
    "mailed_code": gettext_lazy("Code from an email"),
    "trusted_device": gettext_lazy("Not asked: trusted device"),
    "mailbox": gettext_lazy("Code from an email"),
}


def facts(given: Facts, *, gives_reason: bool) -> list[tuple[str, Words]]:
    """Label and value of those facts that no sentence says."""
    rows: list[tuple[str, Words]] = [
        (_("How"), METHODS.get(str(given.get("method")), "")),
        (_("Second step"), METHODS.get(str(given.get("second")), "")),
        (_("Sessions"), ended(given)),
    ]
    if gives_reason:
        rows.append((_("Reason given"), str(given.get("reason", ""))))
    return [(label, value) for label, value in rows if value]


def ended(given: Facts) -> str:
    """How many other sessions ended with it; '' for none."""
    number = given.get("sessions")
    if not isinstance(number, int) or not number:
        return ""
    said = ngettext(
        "%(n)d other device was signed out", "%(n)d other devices were signed out", number
    )
    return said % {"n": number}


def fields(given: Facts) -> str:
    """The names of a person's fields, as forms call them; without those of rights that are named
    besides (`rights_moved`)."""
    named = {
        field
        for field, word in (("groups", "roles"), ("user_permissions", "permissions"))
        if given.get(f"{word}_given") or given.get(f"{word}_taken")
    }
    said = [str(name) for name in given.get("fields", ()) if name not in named]
    return ", ".join(str(label_for_field(name, User)) for name in said)


def rights_moved(given: Facts) -> list[str]:
    """Which roles and permissions came and went, in sentences; none for entries that do not say."""
    said = (
        (_("Roles given: %(names)s."), "roles_given", roles.called),
        (_("Roles taken away: %(names)s."), "roles_taken", roles.called),
        (_("Permissions given: %(names)s."), "permissions_given", _act),
        (_("Permissions taken away: %(names)s."), "permissions_taken", _act),
    )
    return [
        sentence % {"names": ", ".join(name(str(one)) for one in given[fact])}
        for sentence, fact, name in said
        if given.get(fact)
    ]


def _act(permission: str) -> str:
    return roles.act_named(permission) or permission
