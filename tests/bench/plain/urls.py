"""allauth's pages and what is measured beside them."""

from __future__ import annotations

from django.urls import include, path

from tests.bench.plain.views import bare_hash, hello

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("bench/hello", hello),
    path("bench/hash", bare_hash),
    path("healthz", hello),
]
