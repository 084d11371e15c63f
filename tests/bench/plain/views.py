"""What is measured beside allauth's own pages."""

from __future__ import annotations

import time

from django.http import HttpRequest, HttpResponse

from tests.bench.plain.hashing import Argon2


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello\n", content_type="text/plain")


def bare_hash(request: HttpRequest) -> HttpResponse:
    """One hash and nothing else; answers with the CPU time it took, in ms."""
    begun = time.process_time_ns()
    Argon2().encode("nothing else happens", "0123456789abcdef")
    spent = (time.process_time_ns() - begun) / 1e6
    return HttpResponse(f"{spent}\n", content_type="text/plain")
