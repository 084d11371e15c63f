"""The site with a few pages more, on which a test can watch a session from inside a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.models import User
from accounts.sessions import guard
from authsite.urls import urlpatterns as of_the_site

# What happens elsewhere while the next request is under way: one act is taken by each request,
# after the request's session was read.
meanwhile: list[Callable[[], Any]] = []


def _meanwhile() -> None:
    if meanwhile:
        meanwhile.pop(0)()


def who(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(request.user.get_username() or "nobody")
    _meanwhile()
    return answer


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no session needed")


def note(request: HttpRequest) -> HttpResponse:
    request.session["note"] = request.GET["text"]
    _meanwhile()
    return HttpResponse("noted")


def read_note(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.session.get("note", "none"))


def suspend(request: HttpRequest) -> HttpResponse:
    request.session["account_reauthentication_state"] = {"request": request.GET["text"]}
    return HttpResponse("suspended")


def suspended(request: HttpRequest) -> HttpResponse:
    state = request.session.get("account_reauthentication_state", {})
    return HttpResponse(state.get("request", "none"))


def rename(request: HttpRequest) -> HttpResponse:
    """A sensitive change: the person's name."""
    person = request.user.pk  # read before anything happens elsewhere
    _meanwhile()
    with transaction.atomic():
        User.objects.filter(pk=person).update(name=request.GET["text"])
        guard.still_alive(request)
    return HttpResponse("renamed")


def new_key(request: HttpRequest) -> HttpResponse:
    request.session.keys()
    _meanwhile()
    guard.cycle(request)
    return HttpResponse("new key")


def long_lived(request: HttpRequest) -> HttpResponse:
    request.session.set_expiry(10**9)
    return HttpResponse("set")


def crash(request: HttpRequest) -> HttpResponse:
    request.session["note"] = "written by a page that crashed"
    raise RuntimeError("the page crashed")


urlpatterns = [
    *(path(f"t/{view.__name__}", view) for view in (
        who, nothing, note, read_note, suspend, suspended, rename, new_key, long_lived, crash
    )),
    *of_the_site,
]  # fmt: skip
