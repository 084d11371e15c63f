"""A browser as plain as can be: its own time is nobody's concern, only the server's is measured."""

from __future__ import annotations

import http.client
import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SIGN_IN = "/accounts/login/"
DEVICE_COOKIE = "device"
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
_networks = itertools.count(random.randrange(1 << 22))


def another_network() -> str:
    """An address that no request of this run came from: no two share a /24."""
    number = next(_networks)
    return f"{11 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.7"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int  # bytes of the headers and the body as they came over the wire


class Browser:
    """One connection that is kept alive, and its cookies. Redirects are not followed."""

    def __init__(self, port: int, *, timeout: float = 60) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.cookies: dict[str, str] = {}
        self.token = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        headers["content-type"] = "application/x-www-form-urlencoded"
        return self._ask("POST", path, urlencode(fields).encode(), headers)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        headers = {"host": "localhost", "user-agent": FIREFOX, **headers}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={self.cookies[name]}" for name in self.cookies)
        self.line.request(method, path, body, headers)
        response = self.line.getresponse()
        content = response.read()
        for value in response.headers.get_all("set-cookie", []):
            for name, morsel in SimpleCookie(value).items():
                self.cookies[name] = morsel.value
        size = sum(len(name) + len(value) + 4 for name, value in response.getheaders())
        return Answer(response.status, response.headers, content, size + len(content))

    def open_sign_in(self) -> None:
        """Arrive as a stranger and get the sign-in form: its token, and the cookie to it."""
        self.cookies.clear()
        found = _TOKEN.search(self.get(SIGN_IN).body)
        if found is None:
            raise RuntimeError("The sign-in page has no form.")
        self.token = found.group(1).decode()
        self._stranger = dict(self.cookies)

    def try_sign_in(self, login: str, password: str, device: str = "") -> Answer:
        """Send that form as the same stranger each time, from another network; or as the browser
        that holds the value `device` from an earlier sign-in."""
        self.cookies = self._stranger | ({DEVICE_COOKIE: device} if device else {})
        fields = {"csrfmiddlewaretoken": self.token, "login": login, "password": password}
        return self.post(SIGN_IN, fields, **{"x-forwarded-for": another_network()})

    def sign_in(self, login: str, password: str) -> None:
        """Come in as somebody; raises when the site does not let them."""
        self.open_sign_in()
        if (status := self.try_sign_in(login, password).status) != 302:
            raise RuntimeError(f"{login} could not sign in: {status}")
