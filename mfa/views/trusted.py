"""The browsers that are not asked for the second step."""

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
from accounts.requests import OwnRequest
from mfa.flows import trusted


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def browsers(request: OwnRequest) -> HttpResponse:
    if request.method == "POST":
        return _forget(request)
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        return render(request, "mfa/trusted.html", {"browsers": trusted.of(request.user)})


def _forget(request: OwnRequest) -> HttpResponse:
    chosen = request.POST.get("device", "")
    is_number = chosen.isdecimal() and chosen.isascii() and len(chosen) < 19
    everything = request.POST.get("action") == "all"
    count = trusted.forget(request, None if everything else int(chosen) if is_number else 0)
    if count:
        said = ngettext(
            "%(n)d device is asked for the second step again.",
            "%(n)d devices are asked for the second step again.",
            count,
        )
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("There was nothing to forget."))
    return redirect("mfa_trusted")
