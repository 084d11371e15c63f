"""A1, A2, A5: the signed-in person's overview, profile and password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import panels, time_zones, unsent
from accounts.fields import posted
from accounts.flows import passwords, profile
from accounts.flows.overview import overview_of
from accounts.forms.account import ProfileForm
from accounts.forms.passwords import PasswordChangeForm
from accounts.language import remember_language
from accounts.rendering import THEME_COOKIE, THEMES
from accounts.requests import OwnRequest
from accounts.sessions.store import of_request


@require_safe
@login_required
def overview(request: OwnRequest) -> HttpResponse:
    with timezone.override(time_zones.zone_of(request.user.time_zone)):
        offered = filter(None, (panel.offer(request) for panel in panels.every()))
        row = of_request(request).row
        signed_in_at = row.signed_in_at if row else None
        context = overview_of(request.user, signed_in_at) | {"offer": next(offered, "")}
        return render(request, "accounts/overview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@unsent.kept(ProfileForm)
@login_required
def edit_profile(request: OwnRequest) -> HttpResponse:
    user = request.user
    theme = request.COOKIES.get(THEME_COOKIE, "")
    initial = {field: getattr(user, field) for field in profile.FIELDS}
    form = ProfileForm(
        posted(request),
        initial=initial | {"appearance": theme if theme in THEMES else ""},
        time_zone=user.time_zone,
    )
    unsent.ready(request, form)
    if request.method == "POST" and form.is_valid():
        return _save_profile(request, form.cleaned_data, theme)
    return render(request, "accounts/profile.html", {"form": form, "person": user})


def _save_profile(request: OwnRequest, data: dict[str, Any], old_theme: str) -> HttpResponse:
    theme = data.pop("appearance")
    changed = profile.save(request, request.user, **data)
    # Said in the language that was just chosen.
    with override(data["language"]):
        if changed or theme != old_theme:
            messages.success(request, _("Your profile is saved."))
        else:
            messages.info(request, _("There was nothing to save."))
    response = redirect("account_profile")
    remember_language(response, data["language"])
    remember_theme(response, theme)
    return response


def remember_theme(response: HttpResponse, theme: str) -> None:
    if not theme:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
        return
    response.set_cookie(
        THEME_COOKIE,
        theme,
        max_age=365 * 24 * 3600,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@sensitive_post_parameters("oldpassword", "password1", "password2")
def change_password(request: OwnRequest) -> HttpResponse:
    if not request.user.has_usable_password():
        # There is nothing to prove oneself with here; the letter is the way to a first password.
        return redirect("account_reset_password")
    form = PasswordChangeForm(posted(request), request=request)
    if request.method == "POST" and form.is_valid():
        end_others = form.cleaned_data["end_others"]
        passwords.change(
            request, request.user, form.cleaned_data["password1"], end_others=end_others
        )
        messages.success(
            request,
            _("Your password is changed. Other devices were signed out.")
            if end_others
            else _("Your password is changed."),
        )
        return redirect("account_change_password")
    context = {"form": form, "account_label": request.user.email}
    return render(request, "accounts/password_change.html", context)
