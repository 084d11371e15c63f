"""Where somebody wanted to go who first has to set up a second step, or make new recovery codes: kept
in their session through all the pages of that, however they are walked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from accounts.redirects import is_safe
from accounts.requests import OwnRequest
from accounts.sessions import proofs
from mfa import policy

WANTED = "mfa_wanted"


def keep(request: HttpRequest) -> None:
    """The page that was asked for; the last one, if there were several. What was posted is not kept,
    nor the overview, where a sign-in leads of itself."""
    path = request.get_full_path()
    if request.method != "GET" or path == reverse("account_overview") or not is_safe(path):
        return
    if request.session.get(WANTED) != path:
        request.session[WANTED] = path


def go_on(request: OwnRequest, otherwise: str) -> HttpResponse:
    """There, once nothing is lacking, and once; else to the url named `otherwise`."""
    if policy.must_enrol(request.user, proofs.of_request(request, request.user)):
        return redirect(otherwise)
    path = request.session.pop(WANTED, "")
    return HttpResponseRedirect(path) if path else redirect(otherwise)
