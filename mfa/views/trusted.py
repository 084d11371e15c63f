"""The browsers that are not asked for the second step."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.requests import OwnRequest
from mfa.flows import trusted


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def browsers(request: OwnRequest) -> HttpResponse:
    """They are listed with the other devices; here they are forgotten."""
    return _forget(request) if request.method == "POST" else redirect("account_devices")


def _forget(request: OwnRequest) -> HttpResponse:
    chosen = request.POST.get("device", "")
    is_number = chosen.isdecimal() and chosen.isascii() and len(chosen) < 19
    everything = request.POST.get("action") == "all"
    count = trusted.forget(request, None if everything else int(chosen) if is_number else 0)
    if not count and not everything:
        raise Http404
    if count:
        said = ngettext(
            "%(n)d device is asked for the second step again.",
            "%(n)d devices are asked for the second step again.",
            count,
        )
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("There was nothing to forget."))
    return redirect("account_devices")
