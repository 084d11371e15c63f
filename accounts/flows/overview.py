"""What the first page of an account shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import own_limits, panels, places
from accounts.models import User
from audit import believed, trail
from audit.events import Event
from audit.trail import Line

MOST_ITEMS = 3


# Between a session's own moment and that of its line in the trail.
AT_ONCE = timedelta(seconds=5)


def overview_of(user: User, signed_in_at: datetime | None) -> dict[str, Any]:
    """Context of A1: who, the newest sign-in but that of the session at hand (`signed_in_at`), so that
    a stranger's shows on the owner's device, and how the account is reached now.

    Two statements beside the session's own, where both sign-ins are of this site's writing."""

    def page(before: int | None) -> list[Line]:
        limit = 2 if before is None else 50
        return trail.page_of(user.subject_id, events=[Event.SIGNED_IN], before=before, limit=limit)

    sign_ins = believed.newest(page, 2).lines
    before = next(iter(_but_own(sign_ins, signed_in_at)), None)
    return {
        "person": user,
        "last_sign_in": before
        and {
            "at": before.at,
            "when": _when(before.at),
            # Without a zone of their own people read the hour as theirs: it is said that it is not.
            "zone": " (UTC)" if user.time_zone == "UTC" else "",
            "device": before.device,
            "place": places.where(before.address),
        },
        "todo": [item for panel in panels.every() for item in panel.todo(user)][:MOST_ITEMS],
        "facts": [
            _fact(_("Email address"), user.email, "account_email", _("Change email address")),
            _fact(
                _("Password"),
                _("Changed %(date)s")
                % {"date": formats.date_format(timezone.localtime(user.password_changed_at))},
                "account_change_password",
                _("Change password"),
            ),
            _fact(_("Username"), user.username, "account_username", _("Change username")),
            _fact(_("Limits you set"), _limits(user), "account_limits", _("Change limits")),
            *(fact for panel in panels.every() for fact in panel.facts(user)),
        ],
    }


def _but_own(sign_ins: list[Line], signed_in_at: datetime | None) -> list[Line]:
    """All but the one that this session began with, if it is among them."""
    if signed_in_at is None or not sign_ins:
        return sign_ins
    own = min(sign_ins, key=lambda line: abs(line.at - signed_in_at))
    is_own = abs(own.at - signed_in_at) < AT_ONCE
    return [line for line in sign_ins if line is not own or not is_own]


def _limits(user: User) -> str:
    now = own_limits.of(user)
    if now.frozen_until and now.frozen_until > timezone.now():
        until = timezone.localtime(now.frozen_until)
        return _("Sign-ins are frozen until %(day)s") % {"day": formats.localize(until)}
    count = sum(bool(getattr(now, name)) for name in own_limits.NAMES if name != "frozen_until")
    return ngettext("%(n)d limit", "%(n)d limits", count) % {"n": count} if count else _("None")


def _when(at: datetime) -> str:
    """Like "today 09:14", in the time zone that is active; the date where it is longer ago."""
    local = timezone.localtime(at)
    words = {0: _("today %(time)s"), 1: _("yesterday %(time)s")}
    said = words.get((timezone.localdate() - local.date()).days)
    return said % {"time": formats.time_format(local)} if said else formats.localize(local)


def _fact(label: str, value: str, url_name: str, link_label: str) -> dict[str, str]:
    return {"label": label, "value": value, "url": reverse(url_name), "link_label": link_label}
