"""One account guessed at from very many addresses: how many guesses are compared, and whether its owner
gets in meanwhile."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import crowd, rows
from tests.bench.acts import WRONG, Unexpected
from tests.bench.browsing import SIGN_IN, Answer
from tests.bench.cost import FEW
from tests.bench.figures import Figure
from tests.bench.servers import Server, Site
from tests.support.attackers import Caller, Storm, many_addresses

AT_ONCE = 8  # attackers
HOUR, BURST_MINUTES = 60, 10
BURSTS, PACED = 40, 50  # in the first ten minutes, and in the rest of the hour
_CODE = re.compile(r"\b[A-Z]{4}-[A-Z]{4}\b")


@dataclass
class Owner:
    """Whose account it is: on a device that the site knows, and on a new one."""

    site: Site
    port: int
    number: int

    def __post_init__(self) -> None:
        self.home = Caller(self.port, f"198.51.100.{self.number}")
        self.tries: list[tuple[int, float]] = []  # status and ms, on the known device
        if (status := self._sign_in(self.home).status) != 302:
            raise Unexpected(f"The owner could not sign in: {status}")

    @property
    def login(self) -> str:
        return crowd.address(crowd.actor(self.number, FEW))

    @property
    def refused(self) -> int:
        return sum(status != 302 for status, _ in self.tries)

    @property
    def slowest(self) -> float:
        return max(took for _, took in self.tries)

    def comes(self) -> None:
        """A sign-in on the known device."""
        known = {name: held for name, held in self.home.cookies.items() if "device" in name}
        self.home.cookies = known
        begun = time.perf_counter()
        status = self._sign_in(self.home).status
        self.tries.append((status, (time.perf_counter() - begun) * 1000))

    def comes_by_letter(self) -> tuple[int, int]:
        """On a new device: what the right password was answered before the letter and after it."""
        with Caller(self.port, f"203.0.113.{self.number}") as away:
            before = self._sign_in(away).status
            away.send("/accounts/unlock/", login=self.login)
            self.site.run("manage.py", "auth_worker", "--once", "--quiet", seconds=60)
            away.send("/accounts/unlock/code/", code=self._code())
            return before, self._sign_in(away).status

    def _sign_in(self, caller: Caller) -> Answer:
        return caller.send(SIGN_IN, login=self.login, password=crowd.PASSWORD)

    def _code(self) -> str:
        for path in (self.site.folder / "mail").glob("*.eml"):
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = letter.get_body(("plain",))
            found = _CODE.search(body.get_content()) if body else None
            if found and self.login in str(letter["To"]):
                return found.group()
        raise Unexpected(f"No unlock letter came for {self.login}.")


def figures(folder: Path, *, addresses: int) -> list[Figure]:
    site = rows.crowded(folder, "one-account", FEW)
    with Server(site, workers=None) as server:
        return [
            *_by_the_clock(site, server, addresses),
            *_in_an_hour(site, server, addresses),
        ]


def _by_the_clock(site: Site, server: Server, addresses: int) -> list[Figure]:
    owner = Owner(site, server.port, 1)
    with Storm(server.port, many_addresses(), _guess_at(owner.login), threads=AT_ONCE) as storm:
        for third in (1, 2):
            storm.wait_for(addresses * third // 3)
            owner.comes()
        storm.wait_for(addresses)
        before, after = owner.comes_by_letter()
        seconds = time.monotonic() - storm.began
    statuses = Counter(status for _, _, status in storm.seen)
    return [
        Figure(
            f"one account, {addresses:,} addresses: guesses compared",
            storm.compared(),
            high=30,
            digits=0,
            note=f"in {seconds:.0f} s by the clock, not ten minutes; {_told(statuses)};"
            " each time the owner came they began anew",
        ),
        _owner_kept_out(owner, "meanwhile"),
        Figure(
            "the owner on a new device, by unlock letter: still refused",
            int(after != 302),
            high=0,
            low=0,
            digits=0,
            note=f"answered {before} before the letter, {after} after it",
        ),
    ]


def _in_an_hour(site: Site, server: Server, addresses: int) -> list[Figure]:
    """Ten minutes of all those addresses and fifty more of a guess here and there. The time between
    the bursts passes by making the rows older."""
    owner = Owner(site, server.port, 3)
    guess = _guess_at(owner.login)
    statuses: Counter[int] = Counter()
    networks = many_addresses()
    with Caller(server.port, "") as attacker:
        attacker.address = next(networks)
        attacker.fetch_token()
        cookies = dict(attacker.cookies)
        for burst in range(BURSTS + PACED):
            if burst == BURSTS:
                owner.comes()
            soon = burst < BURSTS
            for _ in range(addresses // BURSTS if soon else 2):
                attacker.address, attacker.cookies = next(networks), dict(cookies)
                statuses[guess(attacker, 0).status] += 1
            minutes = BURST_MINUTES / BURSTS if soon else (HOUR - BURST_MINUTES) / PACED
            rows.age(site, minutes * 60)
        owner.comes()
    return [
        Figure(
            "the same in the first hour: guesses compared",
            statuses[200],
            high=30,
            digits=0,
            note=f"all addresses in ten minutes, time passing by older rows; {_told(statuses)};"
            " the owner came once",
        ),
        _owner_kept_out(owner, "in that hour"),
    ]


def _guess_at(login: str) -> Callable[[Caller, int], Answer]:
    def guess(caller: Caller, _number: int) -> Answer:
        return caller.send_blindly(SIGN_IN, login=login, password=WRONG)

    return guess


def _owner_kept_out(owner: Owner, when: str) -> Figure:
    return Figure(
        f"the owner on a known device, {when}: sign-ins refused",
        owner.refused,
        low=0,
        high=0,
        digits=0,
        note=f"of {len(owner.tries)}, page and sign-in together within {owner.slowest:.0f} ms",
    )


def _told(statuses: Counter[int]) -> str:
    return "answered " + ", ".join(
        f"{count} × {status}" for status, count in sorted(statuses.items())
    )
