"""The page between a right password that strangers know and the account."""

from __future__ import annotations

from typing import cast

from allauth.account.internal.decorators import login_stage_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.fields import posted
from accounts.flows import must_change
from accounts.forms.passwords import RequiredPasswordForm
from accounts.models import User
from accounts.redirects import leading_where_it_led
from accounts.stages import NewPasswordStage

WHY = {
    "breached": gettext_lazy(
        "Your password is known from a data breach elsewhere, so it must be changed before you go on."
    ),
    "common": gettext_lazy(
        "Your password is widely used and easy to guess, so it must be changed before you go on."
    ),
    "demanded": gettext_lazy(
        "Somebody else may know your password, so it must be changed before you go on."
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password1", "password2")
@leading_where_it_led
@login_stage_required(stage=NewPasswordStage.key, redirect_urlname="account_login")
def choose(request: HttpRequest) -> HttpResponse:
    stage = cast(NewPasswordStage, request._login_stage)  # type: ignore[attr-defined]
    if not stage.still_waits():
        messages.info(request, _("That took too long, or your account has changed. Sign in again."))
        return stage.abort()
    if "cancel" in request.POST:
        return stage.abort()
    if request.method == "POST":
        must_change.count_one_more(request, stage.login)
    user = cast(User, stage.login.user)
    form = RequiredPasswordForm(posted(request), request=request, user=user)
    if request.method == "POST" and form.is_valid():
        must_change.choose(request, stage.login, form.cleaned_data["password1"])
        messages.success(request, _("Your password is changed. Other devices were signed out."))
        return cast(HttpResponse, stage.exit())
    context = {
        "form": form,
        "account_label": user.email,
        "why": WHY.get(must_change.cause_of(stage.login), ""),
        "minutes": must_change.SECONDS // 60,
    }
    return render(request, "accounts/password_required.html", context)
