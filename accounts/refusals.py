"""What a person sees of a refusal."""

from __future__ import annotations

import secrets
from copy import copy
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import get_language

from accounts.errors import Refusal, TooManyTries
from accounts.redirects import safe_next
from accounts.rendering import theme_of

# What stands in a kept page for what belongs to one visitor. Nobody can type it: it is made anew in
# each process and stands in no page that leaves.
TOKEN_PLACE = f"token-{secrets.token_hex(16)}"
NAME_PLACE = f"name-{secrets.token_hex(16)}"
MOST_KEPT = 256
_kept: dict[tuple[Any, ...], str] = {}


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page of a refusal, with its status and, where waiting helps, Retry-After."""
    response = HttpResponse(_page(request, refusal), status=refusal.status)
    # A page that needs more than ours does gets it alone (django-csp reads these two).
    response._csp_update = refusal.policy_opened  # type: ignore[attr-defined]
    response._csp_replace = dict.fromkeys(refusal.policy_dropped)  # type: ignore[attr-defined]
    if seconds := getattr(refusal, "seconds", 0):
        response.headers["Retry-After"] = str(seconds)
    return response


def _page(request: HttpRequest, refusal: Refusal) -> str:
    """Drawn, or for whoever guesses taken from those that were: a refused try must cost the site
    less than it costs whoever makes it, and drawing the page was half of that."""
    if not isinstance(refusal, TooManyTries) or _has_more_to_say(request):
        context = {"refusal": refusal, "after": _after(request)}
        return render_to_string(refusal.template, context, request)
    page = _kept_page(request, refusal)
    if TOKEN_PLACE in page:
        page = page.replace(TOKEN_PLACE, get_token(request))
    return page.replace(NAME_PLACE, escape(refusal.whose))


def _after(request: HttpRequest) -> str:
    """Where whoever signs in again goes on, '' for nowhere special: not to a page of the way in."""
    match = request.resolver_match
    is_own = match is not None and getattr(match.func, "login_required", True)
    return safe_next(request) or (request.path if is_own else "")


def _has_more_to_say(request: HttpRequest) -> bool:
    """To somebody signed in, or with notices that were left for the next page."""
    person = getattr(request, "user", None)
    if settings.DEBUG or person is None or person.is_authenticated:
        return True
    return bool(len(get_messages(request)))


def _kept_page(request: HttpRequest, wait: TooManyTries) -> str:
    """A page of a wait without its visitor, drawn once for all who read the same."""
    # The menu of languages leads back to the whole path.
    read = (wait.read, request.get_full_path(), get_language(), theme_of(request))
    if (page := _kept.get(read)) is None:
        wait = copy(wait)
        wait.whose = wait.whose and NAME_PLACE
        page = render_to_string(
            wait.template, {"refusal": wait, "csrf_token": TOKEN_PLACE}, request
        )
        if len(_kept) >= MOST_KEPT:  # whoever varies what is read gains what it cost before
            _kept.clear()
        _kept[read] = page
    return page


@receiver(setting_changed)
def _forget(**_changed: Any) -> None:
    """Tests change settings under a running process."""
    _kept.clear()
