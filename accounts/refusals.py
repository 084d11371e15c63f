"""What a person sees of a refusal."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.errors import Refusal


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page of a refusal, with its status and, where waiting helps, Retry-After."""
    response = render(request, refusal.template, {"refusal": refusal}, status=refusal.status)
    # A page that needs more than ours does gets it alone (django-csp reads these two).
    response._csp_update = refusal.policy_opened  # type: ignore[attr-defined]
    response._csp_replace = dict.fromkeys(refusal.policy_dropped)  # type: ignore[attr-defined]
    if seconds := getattr(refusal, "seconds", 0):
        response.headers["Retry-After"] = str(seconds)
    return response
