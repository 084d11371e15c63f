"""What staff do about second steps, and who may from the start (accounts/roles.py)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.roles import EVERYBODY, GUARDING, Act

ACTS = (
    Act(_("See requests for a new second step"), "mfa.view_recoveryrequest", EVERYBODY),
    Act(
        _("End the wait for a new second step, let people ask again"),
        "mfa.shorten_recoveryrequest",
        GUARDING,
    ),
    Act(_("Remove one second step or passkey"), "mfa.remove_method", GUARDING),
    Act(_("Remove all second steps"), "mfa.remove_second_step", GUARDING),
)
