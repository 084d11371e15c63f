"""Another username."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import time_zones, unsent
from accounts.fields import posted
from accounts.flows import username_change, usernames
from accounts.forms.account import UsernameForm
from accounts.requests import OwnRequest


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(UsernameForm)
@login_required
def change(request: OwnRequest) -> HttpResponse:
    form = UsernameForm(posted(request))
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["username"]
        try:
            if username_change.change(request, request.user, wanted):
                said = _("Your username is %(username)s now.") % {"username": wanted}
                messages.success(request, said)
            else:
                messages.info(request, _("There was nothing to save."))
            return redirect("account_profile")
        except username_change.UsernameTaken:
            form.add_error("username", usernames.taken_sentence(wanted))
        except username_change.TooManyChanges:
            return redirect("account_username")  # which says so, and from when on it works again
    return _page(request, form)


def _page(request: OwnRequest, form: UsernameForm) -> HttpResponse:
    again_at = username_change.again_at(request.user)
    context = {
        "form": form,
        "person": request.user,
        "changes": settings.POLICY_USERNAME_CHANGES,
        "change_days": settings.POLICY_USERNAME_CHANGE_DAYS,
        "held_days": settings.POLICY_USERNAME_HELD_DAYS,
        "again_at": _moment(request, again_at) if again_at else "",
    }
    return render(request, "accounts/username.html", context)


def _moment(request: OwnRequest, again_at: datetime) -> str:
    """In the person's time zone, to the minute, and no minute too early."""
    own = timezone.localtime(again_at, time_zones.zone_of(request.user.time_zone))
    said = formats.date_format(own + timedelta(minutes=1), "DATETIME_FORMAT")
    return f"{said} (UTC)" if request.user.time_zone == "UTC" else said
