"""P18: stopping a request for a new second step."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.buttons import button_on
from accounts.errors import LinkUnusable
from accounts.lockout import links
from accounts.requests import OwnRequest
from mfa.flows import recovery_stop

LINK_KEY = "mfa_recovery_stop_key"


@require_safe
@login_not_required
def open_link(request: HttpRequest, key: str) -> HttpResponse:
    """A mailed link: the key leaves the address bar, and nothing else happens."""
    with links.opened(request):
        if recovery_stop.find(key) is None:
            raise LinkUnusable(of="recovery")
    request.session[LINK_KEY] = key
    return redirect("mfa_recovery_stop_link")


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def link(request: HttpRequest) -> HttpResponse:
    row = recovery_stop.find(request.session.get(LINK_KEY, ""))
    if row is None:
        request.session.pop(LINK_KEY, None)
        raise LinkUnusable(of="recovery")
    if request.method == "POST":
        request.session.pop(LINK_KEY, None)
        if not recovery_stop.by_link(request, row):
            raise LinkUnusable(of="recovery")
        return redirect("mfa_recovery_stopped")
    return render(request, "mfa/recovery/stop.html", {"row": row})


@button_on("account_overview")
@login_required
def own(request: OwnRequest) -> HttpResponse:
    """The button on the person's own pages."""
    if recovery_stop.by_session(request):
        return redirect("mfa_recovery_stopped")
    return redirect("account_overview")


@require_safe
@login_not_required
def stopped(request: HttpRequest) -> HttpResponse:
    return render(request, "mfa/recovery/stopped.html", {})
