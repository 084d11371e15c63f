"""Whether a letter is ours, for anybody; and the letters that somebody signed in was sent."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import time_zones
from accounts.fields import posted
from accounts.flows import letters
from accounts.forms.letters import CheckForm
from accounts.requests import OwnRequest
from accounts.views.numbers import row_number


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """One answer to every pair that is not ours."""
    form = CheckForm(posted(request))
    context = {"form": form, "days": letters.days()}
    if request.method == "POST" and form.is_valid():
        found = letters.check(request, **form.pair())
        context |= {"found": found, "asked": True}
    return render(request, "accounts/letter_check.html", context)


@require_safe
@login_required
def sent(request: OwnRequest) -> HttpResponse:
    """Nonsense in the address is the first page."""
    before = row_number(request.GET.get("before", ""))
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        context = {
            "page": letters.sent_to(request.user, before),
            "is_first": before is None,
            "days": letters.days(),
            "is_utc": request.user.time_zone == "UTC",
        }
        return render(request, "accounts/letters.html", context)
