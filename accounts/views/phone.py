"""A4: the person's telephone number."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import unsent
from accounts.errors import NumberNotServed, TooManyTries, leading_back
from accounts.fields import WRONG_CODE, posted, too_soon
from accounts.flows import phone, sent_codes, texted
from accounts.forms.phone import NumberForm, TextedCodeForm
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof
from accounts.texts import numbers, senders

# When the last code was asked for, by the session.
SENT_AT = "phone_sent_at"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def overview(request: OwnRequest) -> HttpResponse:
    """What it is, and giving it up. Whoever has none, on a site that texts nobody, has no such page."""
    number = phone.number_of(request.user)
    if not number and not senders.available():
        raise Http404
    if request.method == "POST":
        return _remove(request)
    context = {
        "number": phone.shown(number),
        "can_change": senders.available(),
        "is_required": phone.is_required(),
        "second_steps": settings.POLICY_TEXTED_CODES,
    }
    return render(request, "accounts/phone.html", context)


def _remove(request: OwnRequest) -> HttpResponse:
    try:
        if phone.remove(request):
            messages.success(request, _("Your phone number is removed."))
    except phone.PhoneRefused:
        messages.error(request, _("This site asks everybody for a number. Change it instead."))
    return redirect("account_phone")


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(NumberForm)
@login_required
@sensitive_post_parameters("number")
def change(request: OwnRequest) -> HttpResponse:
    _demand_texts()
    demand_fresh_proof(request)
    form = NumberForm(posted(request))
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["number"]
        waits = number == phone.waiting(request, request.user)
        if sent(request, form, waits=waits, send=lambda: phone.begin(request, number)):
            return redirect("account_phone_verify")
    return render(request, "accounts/phone_change.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@sensitive_post_parameters("code")
def verify(request: OwnRequest) -> HttpResponse:
    _demand_texts()
    demand_fresh_proof(request)
    number = phone.waiting(request, request.user)
    if not number:
        return redirect("account_phone_change")
    if request.method == "POST" and "send" in request.POST:
        with leading_back(lambda: reverse("account_phone_verify")):
            sent_again(request, lambda: phone.begin(request, number))
        return redirect("account_phone_verify")
    form = TextedCodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with leading_back(lambda: reverse("account_phone_verify")):
            is_right = phone.confirm(request, form.cleaned_data["code"])
        if is_right:
            messages.success(request, _("Your phone number is confirmed."))
            return redirect("account_phone")
        form.add_error("code", WRONG_CODE)
    return render(request, "accounts/phone_verify.html", code_context(request, form, number))


def _demand_texts() -> None:
    if not senders.available():
        raise Http404


def sent(request: HttpRequest, form: NumberForm, *, waits: bool, send: Callable[[], None]) -> bool:
    """Whether a code is on its way; else the form says why it is not. `waits`: this number waits for
    its code already. Raises TooManyTries where more than a minute must pass."""
    try:
        send()
    except NumberNotServed as refusal:
        form.add_error("number", numbers.NOT_SERVED % {"country": refusal.country_name})
        return False
    except phone.PhoneRefused:
        form.add_error("number", _("This is your number already."))
        return False
    except TooManyTries as refusal:
        if refusal.budget not in texted.PAUSES:
            raise
        if not waits:
            form.add_error("number", too_soon(refusal.seconds))
            return False
        messages.info(request, too_soon(refusal.seconds))
        return True
    request.session[SENT_AT] = time.time()
    return True


def sent_again(request: HttpRequest, send: Callable[[], None]) -> None:
    """Send another code, or say in how many seconds one may be asked for."""
    try:
        send()
    except TooManyTries as refusal:
        if refusal.budget not in texted.PAUSES:
            raise
        messages.info(request, too_soon(refusal.seconds))
    else:
        request.session[SENT_AT] = time.time()
        messages.success(request, _("We sent another code. Codes sent before still work."))


def code_context(request: HttpRequest, form: TextedCodeForm, number: str) -> dict[str, Any]:
    """Of the pages that wait for a texted code."""
    sent_at = float(request.session.get(SENT_AT, 0))
    return {
        "form": form,
        "number": numbers.masked(number),
        "minutes": settings.POLICY_CODE_MINUTES,
        "seconds": max(0, math.ceil(sent_at + sent_codes.PAUSE_SECONDS - time.time())),
    }
