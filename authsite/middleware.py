"""Facts about a request, established once; headers on every answer; refusals turned into pages."""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from accounts.devices import AGENT_LENGTH, device_label
from accounts.errors import Refusal
from accounts.networks.middleware import refused
from accounts.refusals import refusal_page
from accounts.requests import SiteRequest
from authsite.charsets import is_readable

Get = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger(__name__)

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
        "fullscreen", "geolocation", "gyroscope", "hid", "identity-credentials-get",
        "idle-detection",
        "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
        "screen-wake-lock", "serial", "storage-access", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


class PageHeadersMiddleware:
    """Outermost, so that errors, redirects and refusals carry the headers too (ASVS 3.4)."""

    def __init__(self, get_response: Get) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("X-Permitted-Cross-Domain-Policies", "none")
        # Django's SecurityMiddleware sets these three, but not where it is the one that refuses.
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        headers.setdefault("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY)
        if not (request.path.startswith(settings.STATIC_URL) and response.status_code < 400):
            # Every page here is personal or leads to one: nothing of it may stay in any cache.
            headers["Cache-Control"] = "no-store, private"
            # Old, weaker, and a clock that would tell answers apart.
            headers.pop("Expires", None)
        if request.path.startswith("/admin/"):
            _allow_admin_scripts(response)
        return response


def _allow_admin_scripts(response: HttpResponse) -> None:
    """The admin's jQuery needs innerHTML: Trusted Types stop at its door, the rest stays."""
    policy = response.headers.get("Content-Security-Policy")
    if policy:
        kept = [
            part
            for part in policy.split("; ")
            if not part.startswith(("require-trusted-types-for", "trusted-types"))
        ]
        response.headers["Content-Security-Policy"] = "; ".join(kept)


# Some proxies add a port: 198.51.100.7:40312, [2001:db8::1]:40312.
WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5}", re.ASCII)
# Nobody runs more proxies in a row; reading on would let a long header cost seconds.
MOST_HOPS = 32


@lru_cache(maxsize=8)
def _proxies(trusted: tuple[str, ...]) -> tuple[int, tuple[ipaddress._BaseNetwork, ...]]:
    counts = [int(entry) for entry in trusted if entry.isdecimal()]
    networks = [ipaddress.ip_network(entry) for entry in trusted if not entry.isdecimal()]
    return max(counts, default=0), tuple(networks)


@lru_cache(maxsize=256)  # each request asks for its peer's, which is our proxy's mostly
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = text.strip()
    if with_port := WITH_PORT.fullmatch(text):
        text = with_port[1] or with_port[2]
    try:  # without the name of an interface (fe80::1%eth0): no part of the address
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def client_address(request: HttpRequest) -> str:
    """The address of whoever speaks to us: the right-most hop that is not one of our proxies.

    Without TRUSTED_PROXIES the forwarded header is not read at all: anybody can send one. Behind a
    unix socket the first hop has no address to be recognised by: a count covers it, networks do not.
    Empty when there is nothing to believe; all such visitors share one network.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    remote = _address(peer)
    count, networks = _proxies(tuple(settings.TRUSTED_PROXIES))
    if remote is None and (peer or not count):
        return ""
    if not count and not networks:
        return str(remote)
    header = request.META.get("HTTP_X_FORWARDED_FOR", "")
    forwarded = header.rsplit(",", MOST_HOPS)[-MOST_HOPS:]
    believed = remote
    for number, hop in enumerate(
        [remote, *(_address(hop) for hop in reversed(forwarded) if hop.strip())]
    ):
        if hop is None and number:  # a hop we cannot read: believe nothing behind it
            break
        believed = hop
        if number >= count and not any(hop in network for network in networks):
            break
    return str(believed or "")


@lru_cache(maxsize=512)
def _device(agent: str, language: str) -> str:
    """For the trail, which is read by others than whoever is visiting: in the site's language."""
    with translation.override(language):
        return device_label(agent)


def _forget_what_a_stranger_says(request: HttpRequest) -> None:
    """Whether a request came over TLS, a proxy of ours says; the next one to the site may be anybody
    who reaches its port."""
    count, networks = _proxies(tuple(settings.TRUSTED_PROXIES))
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    if not count and not (peer and any(peer in network for network in networks)):
        request.META.pop("HTTP_X_FORWARDED_PROTO", None)


class RequestFactsMiddleware:
    """Establishes `client_ip`, `request_id` and `device_label` once, and whether the connection is
    secure, for everybody behind it."""

    def __init__(self, get_response: Get) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        _forget_what_a_stranger_says(request)
        request.client_ip = client_address(request)
        request.request_id = secrets.token_hex(8)
        agent = request.META.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH]
        request.device_label = SimpleLazyObject(lambda: _device(agent, settings.LANGUAGE_CODE))
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id
        return response


class CharsetMiddleware:
    """Refuses what says it is written in anything but UTF-8: no form of ours is ever sent so.

    SECURITY: Django would decode it as it is told, with rot13 or idna too, and for the CSRF token
    already; some codecs fail, others make text that no page can be written with (lone surrogates).
    """

    def __init__(self, get_response: Get) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"  # of the query as well: the page of the refusal may read it
        if not is_readable(request.META.get("CONTENT_TYPE", "")):
            return refused(request, Refusal())
        return self.get_response(request)


class RefusalsMiddleware:
    """Turns a typed refusal that a view raised into its page. (Middlewares answer with
    `refusal_page` themselves: Django turns what they raise into a 500 before it comes here.)"""

    def __init__(self, get_response: Get) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Refusal):
            return refusal_page(request, exception)
        return None
