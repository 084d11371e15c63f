"""Attackers and owners as real servers meet them: over the wire, each with an address and cookies."""

from __future__ import annotations

import http.client
import itertools
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.bench.browsing import Answer, Browser

LOGIN = "/accounts/login/"
WRONG = "a wrong guess of some length"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
COMPARED = {200, 410}  # the form again, or that the link cannot be used
REFUSED = {429}


def spellings(name: str) -> list[str]:
    """Ways to write the name and the address of one account, some of which lead to it."""
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    address = f"{name}@example.org"
    return [
        name, name.upper(), name.title(), f" {name} ", f"{name}\t", f"{name}.", wide,
        name.replace("i", "ı"), name.replace("i", "İ"), name.replace("i", "i\u0307"),
        f"\u200b{name}", f"{name}\u00a0", name.replace("o", "o\u0308"), name.replace("o", "ö"),
        address, address.upper(), f" {address}\n", f"{address}.", f"{wide}@example.org",
        address.replace("@", "＠"), address.replace("example", "ｅｘａｍｐｌｅ"),
        address.replace(".", "。"), address.replace("i", "ı"), f"{name}@EXAMPLE.org\u00a0",
    ]  # fmt: skip


def one_address() -> Iterator[str]:
    return itertools.repeat("203.0.113.66")


def many_addresses() -> Iterator[str]:
    for number in itertools.count():
        yield f"11.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def a_rotating_64() -> Iterator[str]:
    for number in itertools.count(1):
        yield f"2001:db8:66:6:{number:x}::{number * 7919 % 65536:x}"


class Caller(Browser):
    """A browser on an address of its own, that reads a form before it sends it."""

    def __init__(self, port: int, address: str) -> None:
        super().__init__(port)
        self.address = address

    def open(self, path: str) -> Answer:
        return self.get(path, **{"x-forwarded-for": self.address})

    def fetch_token(self, path: str = LOGIN) -> None:
        page = self.open(path)
        found = TOKEN.search(page.body)
        assert found, (path, page.status, page.headers.get("location"), page.body[-300:])
        self.token = found.group(1).decode()

    def send(self, path: str, **fields: str) -> Answer:
        self.line.close()  # the server has ended it meanwhile, if it was idle for long
        self.fetch_token(path)
        return self.send_blindly(path, **fields)

    def send_blindly(self, path: str, **fields: str) -> Answer:
        headers = {"x-forwarded-for": self.address}
        return self.post(path, {"csrfmiddlewaretoken": self.token, **fields}, **headers)


@dataclass
class Storm:
    """Threads that do one thing again and again until it is over. `move(caller, number)` does it;
    each request comes from the next of `addresses`."""

    port: int
    addresses: Iterator[str]
    move: Callable[[Caller, int], Answer]
    arrive: Callable[[Caller], None] = Caller.fetch_token
    threads: int = 2
    seen: list[tuple[float, int, int]] = field(default_factory=list)

    def __enter__(self) -> Storm:
        self._over, self._lock = threading.Event(), threading.Lock()
        self._numbers = itertools.count()
        self._running = [threading.Thread(target=self._rage) for _ in range(self.threads)]
        self.began = time.monotonic()
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._running:
            thread.join(60)

    def _rage(self) -> None:
        with self._lock:
            first = next(self.addresses)
        with Caller(self.port, first) as caller:
            self.arrive(caller)
            cookies = dict(caller.cookies)
            while not self._over.is_set():
                with self._lock:
                    number, caller.address = next(self._numbers), next(self.addresses)
                try:
                    status = self.move(caller, number).status
                except (http.client.HTTPException, ConnectionError):
                    caller.line.close()  # a connection that was kept too long
                    continue
                caller.cookies = dict(cookies)
                self.seen.append((time.monotonic(), number, status))

    def compared(self, counts: Callable[[int], bool] = lambda number: True) -> int:
        """How many of its moves, or of those that count, were answered as looked at."""
        return sum(status in COMPARED and counts(number) for _, number, status in list(self.seen))

    def wait_for(self, moves: int) -> None:
        """Until it has had so many answers."""
        deadline = time.monotonic() + 60
        while len(self.seen) < moves:
            assert time.monotonic() < deadline and self._running, f"{len(self.seen)} answers"
            assert any(thread.is_alive() for thread in self._running), "every attacker gave up"
            self._over.wait(0.02)

    def most(self) -> int:
        """What one account answers strangers in the time this took: three, then one after each pause
        of 1, 2, 4 … seconds."""
        return 3 + int(math.log2(time.monotonic() - self.began + 1))

    def statuses(self) -> set[int]:
        return {status for _, _, status in self.seen}
