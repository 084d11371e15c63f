"""A10: where the person is signed in, and the devices that are known for them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import panels, session_words, time_zones
from accounts.flows import known_devices, sessions
from accounts.requests import OwnRequest


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def devices(request: OwnRequest) -> HttpResponse:
    if request.method == "POST":
        return _end(request) if "session" in request.POST else _forget(request)
    before = request.GET.get("before", "")
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        page = sessions.listed(request, before)
        context = {
            "page": page,
            # Without a zone of their own people read the hour as theirs: it is said that it is not.
            "zone": " (UTC)" if request.user.time_zone == "UTC" else "",
            "before": before,
            **({} if before else _first_page(request)),
        }
        marks = {
            number: label
            for card in context.get("cards", ())
            for number, label in card.marks.items()
        }
        context["rows"] = [_row(one, marks) for one in page.sessions]
        return render(request, "accounts/devices.html", context)


def _row(one: sessions.Listed, marks: dict[int, Any]) -> dict[str, Any]:
    return {
        "session": one,
        "by": session_words.by_what(one.how),
        "ago": "" if one.is_active else session_words.ago(one.last_seen),
        "mark": marks.get(one.device or 0, ""),
    }


def _first_page(request: OwnRequest) -> dict[str, Any]:
    known = known_devices.of(request)
    return {
        "devices": known,
        "has_other_devices": any(not device.is_this for device in known),
        "cards": [card for panel in panels.every() if (card := panel.devices(request.user))],
    }


def _end(request: OwnRequest) -> HttpResponse:
    try:
        label = sessions.end(request, request.POST["session"])
    except sessions.NotTheirs:
        raise Http404 from None
    messages.success(request, _("%(device)s is signed out.") % {"device": label})
    return redirect("account_devices")


def _forget(request: OwnRequest) -> HttpResponse:
    if request.POST.get("action") == "others":
        count = known_devices.forget_others(request)
    else:
        chosen = request.POST.get("device", "")
        is_number = chosen.isdecimal() and chosen.isascii() and len(chosen) < 19
        count = known_devices.forget(request, int(chosen) if is_number else 0)
        if not count:
            raise Http404
    if count:
        said = ngettext("%(n)d device is forgotten.", "%(n)d devices are forgotten.", count)
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("There was nothing to forget."))
    return redirect("account_devices")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sign_out_others(request: OwnRequest) -> HttpResponse:
    """Asks, then ends all sessions but this one."""
    if request.method != "POST":
        return render(request, "accounts/sign_out_others.html")
    if count := sessions.sign_out_others(request):
        said = ngettext(
            "%(n)d other device is signed out.", "%(n)d other devices are signed out.", count
        )
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("You are only signed in here."))
    return redirect("account_devices")
