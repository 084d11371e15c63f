"""Turns away whom the rules refuse, before anything else about the request is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils import timezone

from accounts.errors import Refusal
from accounts.language import LanguageMiddleware
from accounts.networks import rules
from accounts.networks.snapshot import RulesUnread
from accounts.refusals import refusal_page
from accounts.requests import SiteRequest

# They say no more than "ok", to probes and proxies that no list of people's networks names: a site
# closed to the world would else be taken for a dead one.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})


class NetworkRefused(Refusal):
    """A rule keeps the visitor's network out. `address`: what a colleague of theirs must let in;
    neither the rule nor its note is told."""

    status = 403
    template = "errors/network.html"

    def __init__(self, address: str, reference: str, *, staff_only: bool) -> None:
        super().__init__(address)
        self.address = address
        self.reference = reference
        self.staff_only = staff_only


class NetworkRulesMiddleware:
    """Stands right behind the one that says who asks (`client_ip`), and before the session: whoever
    is refused costs no statement and learns of no account. No statement while the rules are fresh."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        try:
            if request.path_info not in OPEN_PATHS:
                demand_way_in(request)
        except (NetworkRefused, RulesUnread) as refusal:
            return refused(request, refusal)
        return self.get_response(request)


def demand_way_in(request: SiteRequest) -> None:
    """Raise NetworkRefused unless the rules let this visitor come where they go."""
    scope = rules.ADMIN if is_for_staff(request.path_info) else rules.SITE
    rule = rules.verdict(request.client_ip, scope, timezone.now())
    if rule is not None:
        raise NetworkRefused(
            request.client_ip, request.request_id, staff_only=rule.scope == rules.ADMIN
        )


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page, in the visitor's language: what chooses it lies further in."""
    return LanguageMiddleware(lambda asked: refusal_page(asked, refusal))(request)


def is_for_staff(path: str) -> bool:
    """Whether `path` lies under the admin, wherever the urls have put it."""
    root = _staff_root(settings.ROOT_URLCONF, get_script_prefix())
    return bool(root) and (path.startswith(root) or path == root.rstrip("/"))


@lru_cache(maxsize=8)
def _staff_root(urlconf: str, prefix: str) -> str:
    try:
        return "/" + reverse("admin:index", urlconf=urlconf).removeprefix(prefix)
    except NoReverseMatch:
        return ""
