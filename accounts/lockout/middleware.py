"""At the end of a request: tries that were no wrong guesses are given back, and a browser that is
known from now on gets its value."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.known_devices import devices
from accounts.lockout import tries


class LockoutMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        tries.settle(request, response.status_code)
        devices.set_cookie(request, response)
        return response
