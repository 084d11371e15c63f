"""P9: a new password by a texted code. There is no such page unless the operator wants one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.botcheck import gate
from accounts.errors import TooManyTries, leading_back
from accounts.fields import WRONG_CODE, posted, too_soon
from accounts.flows import sent_codes, text_reset
from accounts.forms.entry import ResetForm
from accounts.forms.phone import TextedCodeForm
from accounts.lockout import budgets
from accounts.models import User

# What was typed as a name, and when the code was asked for.
ASKED_FOR = "text_reset"


def _where_wanted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def page(request: HttpRequest) -> HttpResponse:
        if not text_reset.is_offered():
            raise Http404
        return view(request)

    return page


@require_http_methods(["GET", "HEAD", "POST"])
@_where_wanted
def ask(request: HttpRequest) -> HttpResponse:
    """Its form is on the page of the letter, which asks for the same name."""
    form = ResetForm(posted(request))
    if request.method == "POST" and form.is_valid():
        identifier = form.cleaned_data["login"]
        gate.demand(request, gate.RESET, identifier)
        return _send(request, identifier, by_person=not form.is_trapped)
    context = {"form": form, "by_text": True}
    return render(request, "accounts/password_reset.html", context)


def _send(request: HttpRequest, identifier: str, *, by_person: bool) -> HttpResponse:
    before = request.session.get(ASKED_FOR, {})
    asked = {"login": identifier, "at": time.time()}
    try:
        with leading_back(lambda: reverse("account_reset_text_code") if before else ""):
            text_reset.ask(request, identifier, by_person=by_person)
    except TooManyTries as refusal:
        if refusal.budget != budgets.CODE_PAUSES.name:
            raise
        asked["at"] = time.time() - sent_codes.PAUSE_SECONDS + refusal.seconds
        messages.info(request, too_soon(refusal.seconds))
    request.session[ASKED_FOR] = asked
    return redirect("account_reset_text_code")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@_where_wanted
def code(request: HttpRequest) -> HttpResponse:
    """The page a person waits on with the code."""
    asked = request.session.get(ASKED_FOR)
    if not asked:
        return redirect("account_reset_password")
    form = TextedCodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        user = _prove(request, asked["login"], form.cleaned_data["code"])
        if user:
            del request.session[ASKED_FOR]
            return redirect(text_reset.begin(request, user))
        form.add_error("code", WRONG_CODE)
    context = {
        "form": form,
        "identifier": asked["login"],
        "minutes": settings.POLICY_CODE_MINUTES,
        "seconds": max(0, math.ceil(asked["at"] + sent_codes.PAUSE_SECONDS - time.time())),
    }
    return render(request, "accounts/text_reset_code.html", context)


def _prove(request: HttpRequest, identifier: str, typed: str) -> User | None:
    try:
        with leading_back(lambda: reverse("account_reset_text_code")):
            return text_reset.prove(request, identifier, typed)
    except TooManyTries as refusal:
        refusal.whose = identifier  # the page of a refused password, with its letter
        raise
