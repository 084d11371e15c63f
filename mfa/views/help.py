"""P8: whoever cannot use any of their second steps."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mfa.flows import occasions


@require_safe
@login_not_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "mfa/help.html", {"occasion": occasions.of(request)})
