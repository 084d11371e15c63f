"""What is asked of a server, for measuring: each page and each kind of sign-in."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench import crowd
from tests.bench.browsing import DEVICE_COOKIE, SIGN_IN, Browser
from tests.bench.rounds import Act
from tests.bench.servers import Server

HELLO, HASH = "/bench/hello", "/bench/hash"
FRAME, OVERVIEW = "/bench/frame", "/accounts/"
RESIDENTS = 40  # of the actors: they sign in again and again; the others only mistype
WRONG = "not the password of anybody"


class Unexpected(RuntimeError):
    """A server answered something else than what is measured."""


@dataclass
class Acts:
    """The acts on one server with so many people; `label` tells two servers apart in one run."""

    server: Server
    people: int
    label: str = ""
    home: dict[str, str] = field(default_factory=dict)  # cookies of somebody signed in
    devices: dict[str, str] = field(default_factory=dict)  # by login, what its browser is known by

    def settle_in(self) -> None:
        """Everybody who signs in while it is measured has done so before, and one stays."""
        with Browser(self.server.port) as browser:
            for which in range(RESIDENTS):
                browser.sign_in(self._login(which), crowd.PASSWORD)
                self._known_from_now_on(browser, self._login(which))
            browser.sign_in(self._login(0), crowd.PASSWORD)
            self.home = dict(browser.cookies)

    def hello(self, count: int = 80) -> Act:
        return self._page("hello", HELLO, count)

    def sign_in_page(self, count: int = 30) -> Act:
        return self._page("sign-in page", SIGN_IN, count)

    def frame(self, count: int = 40) -> Act:
        return self._page("frame", FRAME, count, at_home=True)

    def overview(self, count: int = 25) -> Act:
        return self._page("overview", OVERVIEW, count, at_home=True)

    def bare_hash(self, count: int = 8) -> Act:
        def ask(browser: Browser, number: int) -> float:
            return float(_expected(browser.get(HASH).body, HASH))

        return Act(self._name("hash"), self.server, count, ask)

    def hashing(self, count: int = 8) -> Act:
        """The whole request that makes that hash: what is more than hash and hello is what 20 ms
        elsewhere cost whatever runs after them."""

        def ask(browser: Browser, number: int) -> None:
            _expected(browser.get(HASH).body, HASH)

        return Act(self._name("hashing"), self.server, count, ask)

    def sign_in(self, count: int = 8) -> Act:
        """As on all days: in the browser in which that person was before."""

        def ask(browser: Browser, number: int) -> None:
            login = self._login(number % RESIDENTS)
            self._try(browser, login, crowd.PASSWORD, 302, self.devices.get(login, ""))
            self._known_from_now_on(browser, login)

        return Act(self._name("sign-in"), self.server, count, ask, Browser.open_sign_in)

    def sign_in_elsewhere(self, count: int = 8) -> Act:
        """In a browser that is new to that person, who is sent a letter about it."""

        def ask(browser: Browser, number: int) -> None:
            self._try(browser, self._login(number % RESIDENTS), crowd.PASSWORD, 302)

        return Act(self._name("sign-in elsewhere"), self.server, count, ask, Browser.open_sign_in)

    def wrong(self, count: int = 8) -> Act:
        others = crowd.ACTORS - RESIDENTS

        def ask(browser: Browser, number: int) -> None:
            self._try(browser, self._login(RESIDENTS + number % others), WRONG, 200)

        return Act(self._name("wrong"), self.server, count, ask, Browser.open_sign_in)

    def unknown(self, count: int = 8) -> Act:
        def ask(browser: Browser, number: int) -> None:
            name = f"nobody-{number:06d}"
            self._try(browser, f"{name}@example.org" if number % 2 else name, WRONG, 200)

        return Act(self._name("unknown"), self.server, count, ask, Browser.open_sign_in)

    def _page(self, name: str, path: str, count: int, *, at_home: bool = False) -> Act:
        def ask(browser: Browser, number: int) -> None:
            if (status := browser.get(path).status) != 200:
                raise Unexpected(f"{path} answered {status}")

        def prepare(browser: Browser) -> None:
            """The once-a-minute last-seen touch falls here and not into what is measured."""
            if at_home:
                browser.cookies = dict(self.home)
                browser.get(path)

        def as_stranger(browser: Browser, number: int) -> None:
            browser.cookies.clear()
            ask(browser, number)

        return Act(self._name(name), self.server, count, ask if at_home else as_stranger, prepare)

    def _known_from_now_on(self, browser: Browser, login: str) -> None:
        self.devices[login] = browser.cookies.get(DEVICE_COOKIE, "")

    def _try(
        self, browser: Browser, login: str, password: str, status: int, device: str = ""
    ) -> None:
        if (answered := browser.try_sign_in(login, password, device).status) != status:
            raise Unexpected(f"The sign-in of {login} answered {answered}, not {status}")

    def _login(self, which: int) -> str:
        """Every second comes by address, the others by username."""
        number = crowd.actor(which, self.people)
        return crowd.address(number) if which % 2 else crowd.name(number)

    def _name(self, name: str) -> str:
        return f"{name} {self.label}".rstrip()


class PlainActs(Acts):
    """The same on the site that ours is held against; its people have names alone."""

    def _login(self, which: int) -> str:
        return crowd.name(crowd.actor(which, self.people))


def _expected(body: bytes, path: str) -> bytes:
    if not body.strip():
        raise Unexpected(f"{path} answered nothing")
    return body
