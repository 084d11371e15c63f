"""P2: signing in by a mailed code. There is no such page unless the operator wants one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.botcheck import gate
from accounts.errors import TooManyTries, leading_back
from accounts.fields import WRONG_CODE, posted, too_soon
from accounts.flows import sent_codes, sign_in, sign_in_code
from accounts.forms.entry import CodeForm, SignInCodeForm
from accounts.lockout import budgets
from accounts.models import User
from accounts.redirects import NEXT_FIELD, safe_next, to_sign_in

# What was typed, where the person was going, and when the letter was asked for.
ASKED_FOR = "sign_in_code"


def _where_wanted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Not found where it is off; and whoever is signed in goes on, as from the sign-in page."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponse:
        if not settings.POLICY_SIGN_IN_BY_CODE:
            raise Http404
        if request.user.is_authenticated:
            return redirect(safe_next(request) or resolve_url(settings.LOGIN_REDIRECT_URL))
        return view(request)

    return page


@require_http_methods(["GET", "HEAD", "POST"])
@_where_wanted
def ask(request: HttpRequest) -> HttpResponse:
    """Asking takes a POST: whatever opens the address alone sends nothing."""
    form = SignInCodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        identifier = form.cleaned_data["login"]
        gate.demand(request, gate.SIGN_IN_CODE, identifier)
        return _send(request, identifier, by_person=not form.is_trapped)
    context = {"form": form, "next_field": NEXT_FIELD, "next": safe_next(request)}
    return render(request, "accounts/sign_in_code.html", context)


def _send(request: HttpRequest, identifier: str, *, by_person: bool) -> HttpResponse:
    before = request.session.get(ASKED_FOR, {})
    asked = {"login": identifier, "then": safe_next(request), "at": time.time()}
    try:
        with leading_back(lambda: reverse("account_confirm_login_code") if before else ""):
            sign_in_code.ask(request, identifier, by_person=by_person)
    except TooManyTries as refusal:
        if refusal.budget != budgets.CODE_PAUSES.name:
            raise
        asked["at"] = time.time() - sent_codes.PAUSE_SECONDS + refusal.seconds
        messages.info(request, too_soon(refusal.seconds))
    else:
        if before.get("login") == identifier:
            messages.success(
                request,
                _("If there is an account, another code is on its way. Earlier codes still work."),
            )
    request.session[ASKED_FOR] = asked
    return redirect("account_confirm_login_code")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@_where_wanted
def confirm(request: HttpRequest) -> HttpResponse:
    """The page a person waits on with the code."""
    asked = request.session.get(ASKED_FOR)
    if not asked:
        return to_sign_in(safe_next(request), page="account_request_login_code")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        user = _prove(request, asked["login"], form.cleaned_data["code"])
        if user:
            return _enter(request, user, asked["then"])
        form.add_error("code", WRONG_CODE)
    context = {
        "form": form,
        "identifier": asked["login"],
        "next_field": NEXT_FIELD,
        "next": asked["then"],
        "minutes": settings.POLICY_CODE_MINUTES,
        "seconds": max(0, math.ceil(asked["at"] + sent_codes.PAUSE_SECONDS - time.time())),
    }
    return render(request, "accounts/sign_in_code_confirm.html", context)


def _prove(request: HttpRequest, identifier: str, code: str) -> User | None:
    try:
        with leading_back(lambda: reverse("account_confirm_login_code")):
            return sign_in_code.prove(request, identifier, code)
    except TooManyTries as refusal:
        refusal.whose = identifier  # the page of a refused password, with its letter
        raise


def _enter(request: HttpRequest, user: User, next_url: str) -> Any:
    """Into the one road, as after a right password."""
    request.session.pop(ASKED_FOR, None)
    sign_in.begin(request, user)
    record_authentication(request, user, method="code")
    return perform_login(request, Login(user=user, redirect_url=next_url or None))
