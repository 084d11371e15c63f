"""What the site's pages are held against."""

from __future__ import annotations

import os
import time

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.passwords import argon2id, slots


def hello(request: HttpRequest) -> HttpResponse:
    """The least a view can do."""
    return HttpResponse("hello\n", content_type="text/plain")


@login_required
def frame(request: HttpRequest) -> HttpResponse:
    """An account page with nothing in it: the session, the person and the layout."""
    return render(request, "layouts/account.html")


def bare_hash(request: HttpRequest) -> HttpResponse:
    """One hash of today's parameters and nothing else; answers with the CPU time it took, in ms."""
    secret, salt = os.urandom(32), os.urandom(16)
    # Of the whole process: the hash is made by a thread of its own, and nothing else happens.
    begun = time.process_time_ns()
    argon2id.raw(
        secret,
        salt,
        memory_kib=settings.POLICY_ARGON2_MEMORY_KIB,
        passes=settings.POLICY_ARGON2_PASSES,
    )
    return _number((time.process_time_ns() - begun) / 1e6)


def hashes_made(request: HttpRequest) -> HttpResponse:
    """How many hashes this process has made."""
    return _number(slots.made())


def places(request: HttpRequest) -> HttpResponse:
    """How many hashes this process makes at once at most."""
    return _number(slots.places())


def _number(value: float) -> HttpResponse:
    return HttpResponse(f"{value}\n", content_type="text/plain")
