"""What each job of this room's housekeeping does, in words (accounts/panels.py)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

JOBS: dict[str, str | Promise] = {
    "mfa.flows.trusted.purge": _("Forget trusted browsers that have run out"),
    "mfa.flows.recovery_telling.tell": _("Tell people that a new second step is asked for"),
    "mfa.flows.recovery_telling.expire": _("End requests that nobody came back for"),
    "mfa.flows.recovery_telling.purge": _("Forget old requests for a new second step"),
}
