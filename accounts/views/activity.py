"""A12: what happened to the signed-in person's account, in sentences."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import time_zones
from accounts.activity import history
from accounts.activity.told import Kind
from accounts.requests import OwnRequest

FILTERS = {
    "": _("Everything"),
    Kind.SIGN_IN.value: _("Sign-ins"),
    Kind.FAILED.value: _("Failed tries"),
    Kind.CHANGE.value: _("Changes"),
}
# The largest number that a database gives an entry.
HIGHEST = 2**63 - 1


@require_safe
@login_required
def activity(request: OwnRequest) -> HttpResponse:
    """Nonsense in the address is the first page of everything."""
    show = request.GET.get("show", "")
    show = show if show in FILTERS else ""
    before = _number(request.GET.get("before", ""))
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        context = {
            "page": history.page(request.user, Kind(show) if show else None, before),
            "filters": FILTERS,
            "show": show,
            "is_first": before is None,
            "days": settings.POLICY_ACTIVITY_DAYS,
            "is_utc": request.user.time_zone == "UTC",
        }
        return render(request, "accounts/activity.html", context)


@require_safe
@login_required
def entry(request: OwnRequest, entry: int) -> HttpResponse:
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        shown = history.one(request.user, entry) if entry <= HIGHEST else None
        if shown is None:
            raise Http404
        context = {
            "shown": shown,
            # Without a zone of their own people read the hour as theirs: it is said that it is not.
            "zone": " (UTC)" if request.user.time_zone == "UTC" else "",
        }
        return render(request, "accounts/activity_entry.html", context)


def _number(typed: str) -> int | None:
    """The number of an entry, or None for what is none."""
    is_one = typed.isascii() and typed.isdecimal() and len(typed) < 20 and int(typed) <= HIGHEST
    return int(typed) if is_one else None
