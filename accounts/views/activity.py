"""A12: what happened to the signed-in person's account, in sentences; and what to do about what was
not them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts import panels, time_zones
from accounts.activity import checks, history
from accounts.activity.told import Kind
from accounts.flows import rescue as flow
from accounts.flows.credentials import current_session_key
from accounts.flows.rescue import NoSuchEntry
from accounts.requests import OwnRequest
from accounts.views.numbers import row_number

FILTERS = {
    "": gettext_lazy("All"),
    Kind.SIGN_IN.value: gettext_lazy("Sign-ins"),
    Kind.FAILED.value: gettext_lazy("Failed tries"),
    Kind.CHANGE.value: gettext_lazy("Changes"),
}


@require_safe
@login_required
def activity(request: OwnRequest) -> HttpResponse:
    """Nonsense in the address is the first page of everything."""
    show = request.GET.get("show", "")
    show = show if show in FILTERS else ""
    before = row_number(request.GET.get("before", ""))
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


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def entry(request: OwnRequest, entry: int) -> HttpResponse:
    """A POST says "This was me"; "This was not me" is the rescue page's."""
    if request.method == "POST":
        with _not_found():
            flow.was_me(request, entry)
        messages.success(request, _("It is noted that this was you."))
        return redirect("account_activity_entry", entry)
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        shown = history.one(request.user, entry)
        if shown is None:
            raise Http404
        context = {
            "shown": shown,
            # Without a zone of their own people read the hour as theirs: it is said that it is not.
            "zone": " (UTC)" if request.user.time_zone == "UTC" else "",
        }
        return render(request, "accounts/activity_entry.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rescue(request: OwnRequest) -> HttpResponse:
    """A POST ends everything else at once, because of the `entry` it names, if any."""
    if request.method == "POST":
        return _rescue(request)
    user = request.user
    context = {
        "person": user,
        "elsewhere": checks.sessions_elsewhere(user, current_session_key(request, user)),
        "checks": [check for panel in panels.every() for check in panel.to_check(user)],
    }
    with timezone.override(time_zones.zone_of(user.time_zone)):
        return render(request, "accounts/rescue.html", context)


def _rescue(request: OwnRequest) -> HttpResponse:
    typed = request.POST.get("entry", "")
    with _not_found():
        ended = flow.was_not_me(request, row_number(typed) or 0 if typed else None)
    said = ngettext(
        "%(n)d other device is signed out.", "%(n)d other devices are signed out.", ended
    )
    none = _("No other device was signed in. Unfinished sign-ins and links are dead.")
    messages.success(request, said % {"n": ended} if ended else none)
    return redirect("account_rescue")


@contextmanager
def _not_found() -> Iterator[None]:
    """What is not one's own is not there."""
    try:
        yield
    except NoSuchEntry:
        raise Http404 from None
