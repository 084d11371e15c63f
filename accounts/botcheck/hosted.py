"""CAPTCHAs of others, where an operator chose one: the visitor's browser then speaks with them.

Their answer is waited for a few seconds and no longer. Where none comes, our own challenge takes
its place: a provider that is down neither stops people nor lets programs through.
"""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from functools import cache
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
LONGEST_ANSWER = 16_384
LONGEST_TOKEN = 8_192
DROPPED = ("require-trusted-types-for", "trusted-types")


@dataclass(frozen=True)
class Provider:
    """What their page needs: a script, an element of a class, and the field it fills."""

    name: str
    script: str
    element: str
    field: str
    verify: str
    script_src: tuple[str, ...]
    frame_src: tuple[str, ...]
    also: tuple[str, ...] = ()  # further sources of styles and connections

    @property
    def policy(self) -> dict[str, tuple[str, ...]]:
        """What the one page opens, for them alone."""
        opened = {"script-src": self.script_src, "frame-src": self.frame_src}
        return opened | ({"style-src": self.also, "connect-src": self.also} if self.also else {})


_HCAPTCHA = ("https://hcaptcha.com", "https://*.hcaptcha.com")
_GOOGLE = "https://www.google.com/recaptcha/"
_CLOUDFLARE = "https://challenges.cloudflare.com"
PROVIDERS = {
    one.name: one
    for one in (
        Provider(
            name="hcaptcha",
            script="https://js.hcaptcha.com/1/api.js",
            element="h-captcha",
            field="h-captcha-response",
            verify="https://api.hcaptcha.com/siteverify",
            script_src=_HCAPTCHA,
            frame_src=_HCAPTCHA,
            also=_HCAPTCHA,
        ),
        Provider(
            name="recaptcha",
            script=f"{_GOOGLE}api.js",
            element="g-recaptcha",
            field="g-recaptcha-response",
            verify=f"{_GOOGLE}api/siteverify",
            script_src=(_GOOGLE, "https://www.gstatic.com/recaptcha/"),
            frame_src=(_GOOGLE, "https://recaptcha.google.com/recaptcha/"),
        ),
        Provider(
            name="turnstile",
            script=f"{_CLOUDFLARE}/turnstile/v0/api.js",
            element="cf-turnstile",
            field="cf-turnstile-response",
            verify=f"{_CLOUDFLARE}/turnstile/v0/siteverify",
            script_src=(_CLOUDFLARE,),
            frame_src=(_CLOUDFLARE,),
        ),
    )
}


class Unreachable(Exception):
    """The provider said neither yes nor no in time."""


def chosen() -> Provider | None:
    return PROVIDERS.get(settings.BOT_CHECK)


def verdict(provider: Provider, token: str) -> bool:
    """Whether the provider vouches for `token`; raises Unreachable. Nothing about the visitor is
    sent besides: not their address, not what they typed."""
    if not token or len(token) > LONGEST_TOKEN:
        return False
    seconds = ANSWER_SECONDS
    url = settings.BOT_CHECK_VERIFY_URL or provider.verify
    asked: Future[bool] = _askers().submit(_ask, url, token, time.monotonic() + seconds)
    try:
        return asked.result(timeout=seconds)
    except TooLate:
        asked.cancel()
        reason = "no answer in time"
    except (OSError, ValueError) as error:
        reason = type(error).__name__
    logger.warning("Bot check: %s could not be asked: %s", provider.name, reason)
    raise Unreachable


@cache
def _askers() -> ThreadPoolExecutor:
    """SECURITY: the timeout of a socket is one for each piece that arrives (and none for the name
    service), so a trickle would hold a worker as long as it likes. Waited for from outside."""
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="bot-check")


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _ask(url: str, token: str, until: float) -> bool:
    body = urlencode({"secret": settings.BOT_CHECK_SECRET, "response": token}).encode()
    request = Request(url, data=body, method="POST")  # noqa: S310 - https, by deploy check
    left = max(0.1, until - time.monotonic())
    try:
        with build_opener(_NoRedirects).open(request, timeout=left) as answer:
            said = json.loads(answer.read(LONGEST_ANSWER))
    except HTTPError as error:
        with error:
            raise OSError(error.code) from None
    if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
        raise ValueError
    if "invalid-input-secret" in said.get("error-codes", ()):
        raise ValueError  # our mistake, not the visitor's
    return bool(said["success"])
