"""Setting up codes that are sent, and giving them up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import unsent
from accounts.errors import NumberNotServed, TooManyTries, leading_back
from accounts.fields import WRONG_CODE, posted, too_soon
from accounts.flows import phone
from accounts.forms.phone import NumberForm
from accounts.requests import OwnRequest
from accounts.step_up import demand_fresh_proof
from accounts.texts import numbers
from mfa import factors, policy
from mfa.flows import sent
from mfa.flows.sent import Way
from mfa.forms import AppCodeForm, MailedCodeForm
from mfa.views.app import go_on

MAILED = "mfa_mailed_begun"


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(NumberForm)
@login_required
@sensitive_post_parameters("code", "number")
def texted_on(request: OwnRequest) -> HttpResponse:
    """First the number, then the code that was texted there."""
    if elsewhere := _not_here(request, "texted_code"):
        return elsewhere
    number = sent.number_begun(request)
    if request.method == "POST" and "own" in request.POST and sent.turn_on_phone(request):
        return go_on(request, _("It is set up as a second step."))
    if request.method == "POST" and "number" in request.POST:
        return _begin_number(request)
    if "other" in request.GET or not number:
        return _number_page(request, NumberForm())
    if request.method == "POST" and "send" in request.POST:
        return _sent(request, "mfa_texted_on", lambda: sent.begin_number(request, number))
    form = AppCodeForm(posted(request))
    if done := _turn_on(request, form, "texted_code"):
        return done
    return _code_page(request, form, numbers.masked(number), "mfa_texted_on")


def _begin_number(request: OwnRequest) -> HttpResponse:
    form = NumberForm(request.POST)
    if form.is_valid():
        number = form.cleaned_data["number"]
        try:
            return _sent(request, "mfa_texted_on", lambda: sent.begin_number(request, number))
        except NumberNotServed as refusal:
            said = _("We cannot text numbers in %(country)s. Use an authenticator app.")
            form.add_error("number", said % {"country": refusal.country_name})
    return _number_page(request, form)


def _number_page(request: OwnRequest, form: NumberForm) -> HttpResponse:
    unsent.ready(request, form)
    context = {"form": form, "own": phone.shown(sent.offered_number(request.user))}
    return render(request, "mfa/texted_number.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@sensitive_post_parameters("code")
def mailed_on(request: OwnRequest) -> HttpResponse:
    if elsewhere := _not_here(request, "mailed_code"):
        return elsewhere
    if request.method == "POST" and "send" in request.POST:
        request.session[MAILED] = True
        return _sent(request, "mfa_mailed_on", lambda: sent.begin_mailbox(request))
    if MAILED not in request.session:
        return render(request, "mfa/mailed_on.html", {"place": request.user.email})
    form = MailedCodeForm(posted(request))
    if done := _turn_on(request, form, "mailed_code"):
        request.session.pop(MAILED, None)
        return done
    return _code_page(request, form, request.user.email, "mfa_mailed_on")


def _not_here(request: OwnRequest, way: Way) -> HttpResponse | None:
    """Where this way cannot be set up: 404 where the operator has it off."""
    if way not in policy.kinds_for(request.user) or not policy.is_offered(request.user):
        raise Http404
    demand_fresh_proof(request)
    if getattr(factors.of(request.user), sent.FIELD[way]) is not None:
        return redirect("mfa_security")
    return None


def _sent(request: OwnRequest, page: str, send: Any) -> HttpResponse:
    try:
        with leading_back(lambda: reverse(page)):
            send()
    except TooManyTries as refusal:
        if refusal.budget not in sent.PAUSES:
            raise
        messages.info(request, too_soon(refusal.seconds))
    return redirect(page)


def _turn_on(request: OwnRequest, form: forms.Form, way: Way) -> HttpResponse | None:
    if request.method == "POST" and form.is_valid():
        if sent.turn_on(request, way, form.cleaned_data["code"]):
            return go_on(request, _("It is set up as a second step."))
        form.add_error("code", WRONG_CODE)
    return None


def _code_page(request: OwnRequest, form: forms.Form, place: str, page: str) -> HttpResponse:
    context = {"form": form, "place": place, "here": reverse(page)}
    return render(request, "mfa/sent_code.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def texted_off(request: OwnRequest) -> HttpResponse:
    return _off(request, "texted_code")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mailed_off(request: OwnRequest) -> HttpResponse:
    return _off(request, "mailed_code")


def _off(request: OwnRequest, way: Way) -> HttpResponse:
    demand_fresh_proof(request)
    if request.method == "POST":
        if sent.turn_off(request, way):
            messages.success(request, _("It is no second step any more."))
        return redirect("mfa_security")
    if getattr(factors.of(request.user), sent.FIELD[way]) is None:
        return redirect("mfa_security")
    return render(request, "mfa/sent_off.html", {"way": way})
