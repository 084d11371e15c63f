"""What every page of a person's open sessions says while a request waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts import time_zones
from accounts.models import User


def of(user: User) -> list[dict[str, Any]]:
    """None but while one waits or may be used. No statement: the person's own row says so."""
    ready_at = user.recovery_ready_at
    now = timezone.now()
    if ready_at is None or now >= ready_at + timedelta(days=settings.POLICY_RECOVERY_OPEN_DAYS):
        return []
    day = formats.date_format(timezone.localtime(ready_at, time_zones.zone_of(user.time_zone)))
    say = (
        _("Whoever asked has your password and can use it since %(day)s.")
        if ready_at <= now
        else _("Whoever asked has your password and can use it from %(day)s on.")
    )
    return [
        {
            "title": _("Somebody asked to remove your two-step sign-in."),
            "text": " ".join(
                [
                    say % {"day": day},
                    _(
                        "Not you? Stop it: every device is signed out, and you choose a new password."
                    ),
                ]
            ),
            "url": reverse("mfa_recovery_stop"),
            "label": _("Stop this"),
        }
    ]
