"""The page of limits that somebody sets for themselves."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import time_zones, unsent
from accounts.buttons import button_on
from accounts.errors import LastAdministrator
from accounts.fields import posted
from accounts.flows import limits
from accounts.forms.limits import LimitsForm
from accounts.requests import OwnRequest


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(LimitsForm)
@login_required
def edit(request: OwnRequest) -> HttpResponse:
    form = LimitsForm(posted(request), user=request.user)
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid() and _change(request, form):
        return redirect("account_limits")
    waits = limits.waiting(request.user)
    names = {name: str(form.fields[name].label) for name in waits.wanted} if waits else {}
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        context = {"form": form, "waits": waits, "names": names.values()}
        return render(request, "accounts/limits.html", context)


def _change(request: OwnRequest, form: LimitsForm) -> bool:
    try:
        done = limits.change(request, form.wanted)
    except limits.LimitRefused as refused:
        form.add_error(refused.name, refused.why)
        return False
    except LastAdministrator:
        form.add_error("frozen_until", _("Make someone else an administrator first."))
        return False
    if done.tighter or done.looser:
        messages.success(request, _("Your limits are saved."))
    if done.ready_at is not None:
        at = timezone.localtime(done.ready_at, time_zones.zone_of(request.user.time_zone))
        said = _("What is looser takes effect on %(day)s. All your addresses were told.")
        messages.info(request, said % {"day": formats.date_format(at, "DATETIME_FORMAT")})
    if done == limits.Done():
        messages.info(request, _("There was nothing to save."))
    return True


@button_on("account_limits")
@login_required
def take_back(request: OwnRequest) -> HttpResponse:
    if limits.take_back(request):
        messages.success(request, _("Your limits stay as they are."))
    return redirect("account_limits")
