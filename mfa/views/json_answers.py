"""What a script is told: data, or a sentence to show, or where to go instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import step_up
from accounts.errors import TooManyTries
from accounts.models import User
from accounts.redirects import NEXT_FIELD

View = Callable[..., JsonResponse]


def refused(sentence: str, *, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"detail": sentence, **more}, status=status)


def in_json(*, back_to: str) -> Callable[[View], View]:
    """Decorates a view that a script asks: a fresh proof that is missing is answered 403 with the
    page that takes it and leads back to the page of that name; a limit 429 with the wait."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
            try:
                return view(request, *args, **kwargs)
            except ReauthenticationRequired:
                return _prove_again_first(request, reverse(back_to))
            except TooManyTries as refusal:
                answer = refused(_wait(refusal), status=429)
                answer.headers["Retry-After"] = str(refusal.seconds)
                return answer

        return answered

    return decorate


def _prove_again_first(request: HttpRequest, back: str) -> JsonResponse:
    if not isinstance(request.user, User):
        return refused(_("You are signed out."), status=403, location=reverse("account_login"))
    page = step_up.pages(request.user)[0]["url"]
    location = f"{page}?{urlencode({NEXT_FIELD: back})}"
    return refused(_("Confirm it is you first."), status=403, location=location)


def _wait(refusal: TooManyTries) -> str:
    text = ngettext(
        "There have been too many tries. Wait %(n)d minute.",
        "There have been too many tries. Wait %(n)d minutes.",
        refusal.minutes,
    )
    return text % {"n": refusal.minutes}
