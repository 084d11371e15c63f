"""The site with pages that break over what was typed, and that refuse."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from accounts.flows.addresses import AddressRefused
from authsite.urls import urlpatterns as of_the_site


def typed(request: HttpRequest) -> str:
    return request.POST["password"]


def number(request: HttpRequest) -> HttpResponse:
    return HttpResponse(int(typed(request)))


def key(request: HttpRequest) -> HttpResponse:
    pages: dict[str, str] = {}
    return HttpResponse(pages[typed(request)])


def encoded(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{typed(request)}\ud800".encode())


def database(request: HttpRequest) -> HttpResponse:
    """As PostgreSQL says it."""
    raise IntegrityError(
        f"duplicate key value\nDETAIL:  Key (name)=({typed(request)}) already exists."
    )


def cause(request: HttpRequest) -> HttpResponse:
    try:
        return number(request)
    except ValueError as error:
        raise AddressRefused("own") from error


def context(request: HttpRequest) -> HttpResponse:
    try:
        return number(request)
    except ValueError:
        return key(request)


def suppressed(request: HttpRequest) -> HttpResponse:
    try:
        return number(request)
    except ValueError:
        raise RuntimeError(f"not {typed(request)}") from None


def group(request: HttpRequest) -> HttpResponse:
    both = [ValueError(typed(request)), KeyError(typed(request))]
    raise ExceptionGroup(f"about {typed(request)}", both)


def note(request: HttpRequest) -> HttpResponse:
    error = RuntimeError()
    error.add_note(f"while reading {typed(request)}")
    raise error


def syntax(request: HttpRequest) -> HttpResponse:
    return HttpResponse(compile(f"{typed(request)} = (", "expression", "exec"))


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied(typed(request))


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("more than any browser sends")


BREAKING = (
    number, key, encoded, database, cause, context, suppressed, group, note, syntax,
)  # fmt: skip
urlpatterns = [
    *(path(f"t/{one.__name__}", csrf_exempt(one)) for one in (*BREAKING, forbidden, suspicious)),
    *of_the_site,
]
