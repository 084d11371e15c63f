"""The letter that makes this browser known for some minutes, while strangers have to wait."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import LinkUnusable, leading_back
from accounts.fields import WRONG_CODE, posted
from accounts.flows import unlock
from accounts.forms.entry import CodeForm, IdentifierForm
from accounts.lockout import links

LINK_KEY = "unlock_link"
# Whom the letter was asked for: not asked again on the way to the sign-in, which forgets it.
TYPED = "unlock_typed"


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    form = IdentifierForm(posted(request), initial={"login": request.session.get(TYPED, "")})
    if request.method == "POST" and form.is_valid():
        with leading_back(lambda: reverse("account_unlock_code") if unlock.asked(request) else ""):
            unlock.ask(request, form.cleaned_data["login"])
        request.session[TYPED] = form.cleaned_data["login"]
        return redirect("account_unlock_code")
    minutes = settings.POLICY_UNLOCK_MINUTES
    return render(request, "accounts/unlock.html", {"form": form, "minutes": minutes})


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    row = unlock.asked(request)
    if row is None:
        return redirect("account_unlock")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with leading_back(lambda: reverse("account_unlock_code")):
            is_right = unlock.by_code(request, row, form.cleaned_data["code"])
        if is_right:
            return _go_on(request)
        form.add_error("code", WRONG_CODE)
    context = {"form": form, "minutes": settings.POLICY_CODE_MINUTES}
    return render(request, "accounts/unlock_code.html", context)


@require_safe
def open_link(request: HttpRequest, key: str) -> HttpResponse:
    """A mailed link: the key leaves the address bar, and nothing else happens."""
    with links.opened(request):
        if unlock.find(key) is None:
            raise LinkUnusable(of="unlock")
    request.session[LINK_KEY] = key
    return redirect("account_unlock_link")


@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    row = unlock.find(request.session.get(LINK_KEY, ""))
    if row is None:
        request.session.pop(LINK_KEY, None)
        raise LinkUnusable(of="unlock")
    if request.method == "POST":
        request.session.pop(LINK_KEY, None)
        if not unlock.by_link(request, row):
            raise LinkUnusable(of="unlock")
        return _go_on(request)
    return render(request, "accounts/unlock_link.html", {"minutes": settings.POLICY_UNLOCK_MINUTES})


def _go_on(request: HttpRequest) -> HttpResponse:
    minutes = settings.POLICY_UNLOCK_MINUTES
    messages.success(
        request,
        ngettext(
            "You can sign in here now, for %(minutes)d minute.",
            "You can sign in here now, for %(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes},
    )
    return redirect("account_login")
