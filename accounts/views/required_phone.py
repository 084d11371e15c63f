"""The page between a sign-in, or a sign-up, and the account where everybody must have a number."""

from __future__ import annotations

from typing import cast

from allauth.account.internal.decorators import login_stage_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.errors import leading_back
from accounts.fields import WRONG_CODE, posted
from accounts.flows import required_phone
from accounts.forms.phone import NumberForm, TextedCodeForm
from accounts.redirects import leading_where_it_led
from accounts.stages import PhoneStage
from accounts.views.phone import code_context, sent, sent_again

PAGE = "account_phone_required"


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code", "number")
@leading_where_it_led
@login_stage_required(stage=PhoneStage.key, redirect_urlname="account_login")
def prove(request: HttpRequest) -> HttpResponse:
    stage = cast(PhoneStage, request._login_stage)  # type: ignore[attr-defined]
    if not stage.still_waits():
        messages.info(request, _("That took too long, or your account has changed. Sign in again."))
        return stage.abort()
    if "cancel" in request.POST:
        return stage.abort()
    with leading_back(lambda: reverse(PAGE)):
        number = required_phone.waiting(request, stage.login)
        if request.method == "POST" and "number" in request.POST:
            return _begin(request, stage, number)
        if not number or "other" in request.GET:
            return _number_page(request, NumberForm())
        if request.method == "POST" and "send" in request.POST:
            sent_again(request, lambda: required_phone.begin(request, stage.login, number))
            return redirect(PAGE)
        return _code(request, stage, number)


def _begin(request: HttpRequest, stage: PhoneStage, waits_for: str) -> HttpResponse:
    form = NumberForm(request.POST)
    if form.is_valid():
        number = form.cleaned_data["number"]
        if sent(
            request,
            form,
            waits=number == waits_for,
            send=lambda: required_phone.begin(request, stage.login, number),
        ):
            return redirect(PAGE)
    return _number_page(request, form)


def _number_page(request: HttpRequest, form: NumberForm) -> HttpResponse:
    return render(request, "accounts/phone_required.html", {"form": form})


def _code(request: HttpRequest, stage: PhoneStage, number: str) -> HttpResponse:
    form = TextedCodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if required_phone.confirm(request, stage.login, form.cleaned_data["code"]):
            messages.success(request, _("Your phone number is confirmed."))
            return cast(HttpResponse, stage.exit())
        form.add_error("code", WRONG_CODE)
    context = code_context(request, form, number)
    return render(request, "accounts/phone_required_code.html", context)
