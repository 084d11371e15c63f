"""Pages for what went wrong. Each says what happened, what is safe, and what to do next."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from accounts import unsent
from accounts.redirects import safe_next


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _plain(request, "400.html", 400)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _plain(request, "403.html", 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _plain(request, "404.html", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Touches neither the database nor a context processor: either may be what failed."""
    context = {"ref": getattr(request, "request_id", ""), "site_name": settings.SITE_NAME}
    return HttpResponse(loader.render_to_string("500.html", context), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: mostly a page left open too long. `next` is kept, and so is what was
    typed, where that is safe."""
    is_kept = unsent.is_from_here(request) and unsent.hold(request)
    back = request.get_full_path() if is_kept else request.path
    context = {"next": safe_next(request) or back, "is_kept": is_kept}
    return render(request, "errors/403_csrf.html", context, status=403)


def _plain(request: HttpRequest, template: str, status: int) -> HttpResponse:
    # Broken requests come here before any middleware has run, so only what is there is used.
    if hasattr(request, "user"):
        return render(request, template, status=status)
    return HttpResponse(loader.render_to_string(template), status=status)
