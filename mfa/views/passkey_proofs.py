"""P3, P6, P11: questions to a passkey, and signing in with one alone."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import step_up
from accounts.buttons import button_on
from accounts.flows import sign_in as road
from accounts.redirects import NEXT_FIELD, safe_next
from accounts.requests import OwnRequest
from mfa.devices.webauthn import NotProved
from mfa.flows import occasions, passkey_proofs
from mfa.flows.ceremonies import CeremonyOver
from mfa.forms import PasskeyForm
from mfa.views.json_answers import in_json, refused


@require_POST
@login_not_required
@in_json(back_to="account_login")
def ask_to_sign_in(request: HttpRequest) -> JsonResponse:
    return JsonResponse(passkey_proofs.ask_to_sign_in(request))


@button_on("account_login")
@login_not_required
@sensitive_post_parameters("code")
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request) or reverse("account_overview"))
    form = PasskeyForm(request.POST)
    if not form.is_valid():
        return _again(request, str(form.errors["code"][0]))
    try:
        user = passkey_proofs.prove(request, form.cleaned_data["code"])
    except CeremonyOver:
        return _again(request, _("That took too long. Try again, or sign in another way."))
    except NotProved:
        return _again(request, _("That passkey did not work. Try again, or sign in another way."))
    road.begin(request, user)
    step_up.record(request, user, "passkey")
    login = Login(user=user, redirect_url=safe_next(request) or None)
    return cast(HttpResponse, perform_login(request, login))


def _again(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    asked = safe_next(request)
    return redirect(
        reverse("account_login") + (f"?{urlencode({NEXT_FIELD: asked})}" if asked else "")
    )


@require_POST
@login_not_required
@in_json(back_to="account_login")
def ask_for_second_step(request: HttpRequest) -> JsonResponse:
    occasion = occasions.of(request)
    if occasion is None:
        login = reverse("account_login")
        return refused(_("That took too long. Sign in again."), status=403, location=login)
    try:
        return JsonResponse(passkey_proofs.ask_again(request, occasion.user, "second_step"))
    except LookupError:
        return _none_left()


@require_POST
@in_json(back_to="account_overview")
@login_required
def ask_for_step_up(request: OwnRequest) -> JsonResponse:
    try:
        return JsonResponse(passkey_proofs.ask_again(request, request.user, "step_up"))
    except LookupError:
        return _none_left()


def _none_left() -> JsonResponse:
    return refused(_("You have no passkey here any more. Use another way."), status=409)
