"""Where a person goes next. The only reader of `next`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

NEXT_FIELD = "next"
NEXT_LENGTH = 500
# Where a sign-in under way leads, by the session: one that runs out is forgotten with all it holds.
UNDER_WAY = "sign_in_next"
# `//evil.example` behind our own host would be a host of its own once ours is taken away.
_ONE_SLASH = re.compile(r"/(?![/\\])")


def is_safe(url: str | None) -> bool:
    """Whether `url` stays on this site: a path, or an address under SITE_URL, in either case with
    exactly one slash at the head of its path.

    Backslashes, control characters and scheme-relative addresses are refused by Django's own check;
    hosts are compared with SITE_URL, never with the Host header of the request (ASVS 3.7.2).
    """
    if not url or len(url) > NEXT_LENGTH or not url.isprintable():
        return False
    if not url_has_allowed_host_and_scheme(
        url, allowed_hosts={settings.SITE_HOST}, require_https=settings.SECURE
    ):
        return False
    return _ONE_SLASH.match(urlsplit(url).path) is not None


def safe_next(request: HttpRequest) -> str:
    """The `next` that was asked for, if it is safe to follow; else the empty string.

    Always a path with one slash at its head: an absolute address under SITE_URL loses its host, so
    that a redirect stays where the person is.
    """
    url = request.POST.get(NEXT_FIELD) or request.GET.get(NEXT_FIELD)
    if not is_safe(url):
        return ""
    path = urlsplit(str(url))._replace(scheme="", netloc="").geturl()
    # SECURITY: once more, as it will be followed: what is left of an address must be no address.
    return path if is_safe(path) else ""


def to_sign_in(after: str | None, *, page: str = "account_login") -> HttpResponseRedirect:
    """To the sign-in page, or another one of the way in, and `after` it there, if that is safe."""
    query = f"?{urlencode({NEXT_FIELD: str(after)})}" if is_safe(after) else ""
    return HttpResponseRedirect(reverse(page) + query)


def under_way(request: HttpRequest, after: str | None) -> None:
    """A sign-in that leads there waits for something more."""
    if is_safe(after):
        request.session[UNDER_WAY] = after
    else:
        request.session.pop(UNDER_WAY, None)


def to_sign_in_again(request: HttpRequest) -> HttpResponseRedirect:
    """The sign-in under way is over: to its beginning, and it leads where it led; or there at once,
    where it was finished in another window."""
    after = request.session.get(UNDER_WAY)
    if request.user.is_authenticated:
        return HttpResponseRedirect(after or reverse("account_overview"))
    return to_sign_in(after)


def leading_where_it_led(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorates the page of a login stage, outside of what sends everybody away who is at none."""

    @wraps(view)
    def led(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        away = (reverse("account_login"), reverse("account_overview"))
        return to_sign_in_again(request) if answer.get("Location") in away else answer

    return led
