"""Pages and answers around the account: help, privacy, language, health."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.language import known_language, remember_language
from accounts.redirects import safe_next


@require_safe
def front_door(request: HttpRequest) -> HttpResponse:
    return redirect("account_overview" if request.user.is_authenticated else "account_login")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/help.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {
        "signup_days": settings.POLICY_SIGNUP_DAYS,
        "undo_days": settings.POLICY_UNDO_DAYS,
        "username_days": settings.POLICY_USERNAME_HELD_DAYS,
        "export_days": settings.POLICY_EXPORT_DAYS,
        "session_hours": settings.POLICY_ABSOLUTE_HOURS,
        "device_days": settings.POLICY_DEVICE_DAYS,
        "address_days": settings.POLICY_ADDRESS_DAYS,
        "activity_days": settings.POLICY_ACTIVITY_DAYS,
        "has_terms": settings.TERMS is not None,
    }
    return render(request, "accounts/privacy.html", context)


@require_safe
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language this browser asked for. By GET: it changes nothing but a preference,
    and works from any page without a session."""
    response = HttpResponseRedirect(safe_next(request) or reverse("account_login"))
    if code := known_language(request.GET.get("lang", "")[:12]):
        remember_language(response, code)
    return response


@require_safe
def change_password_address(request: HttpRequest) -> HttpResponse:
    """Where password managers look for the page (W3C change-password-url)."""
    return redirect("account_change_password")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """This process answers, and so does its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return HttpResponse("database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
