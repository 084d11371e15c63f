"""What each letter of this room is about, in words (accounts/panels.py)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LETTERS: dict[str, str | Promise] = {
    "factor_changed": _("A change of your second steps or passkeys"),
    "passkey_stopped": _("A passkey was stopped"),
    "recovery_closed": _("A way around your second step is closed"),
    "recovery_code_used": _("A recovery code was used"),
    "recovery_codes_made": _("New recovery codes"),
    "recovery_finished": _("Your second steps were replaced"),
    "recovery_stopped": _("A request to replace your second steps was stopped"),
    "recovery_waits": _("A request to replace your second steps"),
    "second_step_failed": _("Failed tries at your second step"),
    "two_step": _("Two-step sign-in was turned on or off"),
}
