"""A10: the devices that are known for the person."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import time_zones
from accounts.flows import known_devices
from accounts.requests import OwnRequest


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def devices(request: OwnRequest) -> HttpResponse:
    if request.method == "POST":
        return _forget(request)
    listed = known_devices.of(request)
    context = {
        "devices": listed,
        "has_others": any(not device.is_this for device in listed),
        # Without a zone of their own people read the hour as theirs: it is said that it is not.
        "zone": " (UTC)" if request.user.time_zone == "UTC" else "",
    }
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        return render(request, "accounts/devices.html", context)


def _forget(request: OwnRequest) -> HttpResponse:
    if request.POST.get("action") == "others":
        count = known_devices.forget_others(request)
    else:
        chosen = request.POST.get("device", "")
        is_number = chosen.isdecimal() and chosen.isascii() and len(chosen) < 19
        count = known_devices.forget(request, int(chosen) if is_number else 0)
    if count:
        said = ngettext("%(n)d device is forgotten.", "%(n)d devices are forgotten.", count)
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("There was nothing to forget."))
    return redirect("account_devices")
