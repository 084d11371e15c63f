"""A13: what people can do with the data that is kept of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import step_up, time_zones
from accounts.buttons import button_on
from accounts.exports.building import USUALLY_MINUTES
from accounts.flows import data_export
from accounts.models import DataExport
from accounts.requests import OwnRequest


@require_safe
@login_required
def data(request: OwnRequest) -> HttpResponse:
    return render(request, "accounts/data/overview.html")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def export(request: OwnRequest) -> HttpResponse:
    if request.method == "POST":
        if not data_export.ask(request):
            messages.info(request, _("It is being prepared already."))
        return redirect("account_data_export")
    copy = data_export.of(request.user)
    context = {
        "copy": copy,
        "state": _state(copy),
        "minutes": USUALLY_MINUTES,
        "days": settings.POLICY_EXPORT_DAYS,
    }
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        return render(request, "accounts/data/export.html", context)


def _state(copy: DataExport | None) -> str:
    """The worker tidies up between its work: one that has run out meanwhile is no offer."""
    if copy is None:
        return ""
    if (
        copy.state == DataExport.State.READY
        and (copy.expires_at or timezone.now()) <= timezone.now()
    ):
        return DataExport.State.EXPIRED
    return copy.state


@button_on("account_data_export")
@login_required
def download(request: OwnRequest) -> HttpResponse | StreamingHttpResponse:
    """Never by a link: whoever has to prove themselves first comes back to the page with the button."""
    if not step_up.has_fresh_proof(request):
        return step_up.to_prove(request, reverse("account_data_export"))
    try:
        copy, content = data_export.download(request)
    except data_export.NoCopy:
        raise Http404 from None
    name = f"{settings.SITE_HOST.partition(':')[0]}-data-{copy.finished_at:%Y-%m-%d}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(copy.size),
    }
    return StreamingHttpResponse(content, content_type="application/zip", headers=headers)
