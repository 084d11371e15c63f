"""CAPTCHAs of others, where an operator chose one: the visitor's browser then speaks with them.

Their answer is waited for a few seconds and no longer, by a few at once (accounts/outside.py). Where
none comes, our own challenge takes its place: a provider that is down neither stops people nor lets
programs through.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings

from accounts.outside import NoAnswer, Question, Server

ANSWER_SECONDS = 3.0
LONGEST_ANSWER = 16_384
LONGEST_TOKEN = 8_192
# SECURITY: of the threads that answer pages. Whoever floods the site with tokens holds no more.
AT_ONCE = 4
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
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


def server_of(name: str) -> Server:
    """Theirs, not asked yet."""
    return Server(f"Bot check: {name}", at_once=AT_ONCE, most_bytes=LONGEST_ANSWER)


SERVERS = {name: server_of(name) for name in PROVIDERS}


def chosen() -> Provider | None:
    return PROVIDERS.get(settings.BOT_CHECK)


def verdict(provider: Provider, token: str) -> bool:
    """Whether the provider vouches for `token`; raises NoAnswer. Nothing about the visitor is sent
    besides: not their address, not what they typed."""
    if not token or len(token) > LONGEST_TOKEN:
        return False
    url = settings.BOT_CHECK_VERIFY_URL or provider.verify
    body = urlencode({"secret": settings.BOT_CHECK_SECRET, "response": token}).encode()
    asked = Question(url, _vouches, HEADERS, body)
    return SERVERS[provider.name].ask(asked, seconds=ANSWER_SECONDS)


def _vouches(body: bytes) -> bool:
    said = json.loads(body)
    if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
        raise NoAnswer("it said neither yes nor no")
    if "invalid-input-secret" in said.get("error-codes", ()):
        raise NoAnswer("BOT_CHECK_SECRET is not what it expects")  # ours, not the visitor's mistake
    return bool(said["success"])
