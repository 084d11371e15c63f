"""/dev/mailbox/: letters and texts of a development site. Without DEBUG these pages do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.outbox.mailbox import Found, find, newest
from accounts.texts import mailbox as texts

# A letter brings its styles along and nothing else: no script, no form, no picture, and an origin
# of its own, so that not even a mistake in a letter reaches the site's cookies.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

View = Callable[..., HttpResponse]


def in_development(view: View) -> View:
    """SECURITY: the second lock beside urls.py. Letters hold codes and reset links."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@in_development
def mailbox(request: HttpRequest) -> HttpResponse:
    context = {
        "letters": newest(),
        "texts": texts.newest(),
        "has_folder": "file_path" in settings.MAIL_TRANSPORT,
    }
    return render(request, "dev/mailbox.html", context)


@require_safe
@in_development
def letter(request: HttpRequest, letter_id: str) -> HttpResponse:
    return render(request, "dev/mailbox_letter.html", {"letter": _found(letter_id)})


@require_safe
@in_development
def letter_html(request: HttpRequest, letter_id: str) -> HttpResponse:
    """The HTML part alone, as a mail program would draw it."""
    response = HttpResponse(_found(letter_id).html)
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    response.headers["X-Frame-Options"] = "DENY"
    return response


def _found(letter_id: str) -> Found:
    found = find(letter_id)
    if found is None:
        raise Http404
    return found
