"""What 200 sign-ins at once cost one process in memory, and how they are answered."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench import crowd
from tests.bench.acts import OVERVIEW
from tests.bench.browsing import SIGN_IN, Browser
from tests.bench.cost import FEW
from tests.bench.figures import Figure
from tests.bench.servers import Server, Site

SIGN_INS = 200
# More than hashes may run at once, so that it is the hashing that is bounded and not the threads.
THREADS = 32
BUSY = 503
# What a sign-in may be answered: the page again, the way on, too many tries, or come back later.
MEANT = frozenset({200, 302, 429, BUSY})
# For each byte of all hashes that may run at once.
ALLOWED = 1.2
MIB = 1024 * 1024


@dataclass(frozen=True)
class Rush:
    """What one server process did under many sign-ins at once; memory in MiB."""

    base: float
    peak: float
    bound: float  # of all hashes that may run at once
    statuses: Counter[int]
    without_retry_after: int  # busy, without a word on when to come back


class NoPeak(Exception):
    """The system does not tell a process's peak of memory."""


def figures(folder: Path) -> list[Figure]:
    site = Site(folder, f"sqlite:///{folder}/few.sqlite3")
    name = f"peak memory over base, {SIGN_INS} sign-ins at once"
    try:
        seen = rush_of(site, people=FEW, sign_ins=SIGN_INS)
    except NoPeak as error:
        return [Figure(name, None, unit="MiB", note=str(error))]
    told = ", ".join(f"{count} × {status}" for status, count in sorted(seen.statuses.items()))
    strange = sum(count for status, count in seen.statuses.items() if status not in MEANT)
    return [
        Figure(
            name,
            seen.peak - seen.base,
            high=round(ALLOWED * seen.bound, 1),
            unit="MiB",
            digits=1,
            note=f"base {seen.base:.0f} MiB",
        ),
        Figure(
            "answers that are no answer to a sign-in", strange, low=0, high=0, digits=0, note=told
        ),
        Figure(
            "503 that do not say when to come back",
            seen.without_retry_after,
            low=0,
            high=0,
            digits=0,
        ),
    ]


def rush_of(site: Site, *, people: int, sign_ins: int, threads: int = THREADS) -> Rush:
    """One process of `site`, which has `people` of the crowd, with `sign_ins` at the same moment.

    Raises NoPeak where memory cannot be told."""
    with Server(site) as another:
        home = _signed_in(another)
    with Server(site, threads=threads) as server:
        worker = server.pids()[0]
        _warm_up(server, home, threads)
        base = peak_of(worker)
        bound = _bound(server)
        statuses, bare = _all_at_once(server, people, sign_ins)
        return Rush(base, peak_of(worker), bound, statuses, bare)


def _bound(server: Server) -> float:
    """MiB of all hashes that may run at once."""
    memory = int(server.site.environment["POLICY_ARGON2_MEMORY_KIB"])
    with Browser(server.port) as browser:
        return int(float(browser.get("/bench/places").body)) * memory / 1024


def _signed_in(server: Server) -> dict[str, str]:
    """The cookies of somebody who came in by another process: this one is to hash nothing yet."""
    with Browser(server.port) as browser:
        browser.sign_in(crowd.address(0), crowd.PASSWORD)
        return browser.cookies


def _warm_up(server: Server, home: dict[str, str], threads: int) -> None:
    """The base: every thread has drawn pages and holds its connection to the database."""

    def visit(_number: int) -> None:
        with Browser(server.port) as browser:
            browser.get(SIGN_IN)
            browser.cookies = dict(home)
            browser.get(OVERVIEW)

    with ThreadPoolExecutor(threads) as visitors:
        list(visitors.map(visit, range(6 * threads)))


def _all_at_once(server: Server, people: int, sign_ins: int) -> tuple[Counter[int], int]:
    """How often each status was answered, and how many were busy without saying for how long."""
    ready = threading.Barrier(sign_ins, timeout=60)

    def sign_in(which: int) -> tuple[int, bool]:
        with Browser(server.port, timeout=120) as browser:
            browser.open_sign_in()
            ready.wait()
            answer = browser.try_sign_in(*_guess(which, people))
            return answer.status, answer.status == BUSY and "retry-after" not in answer.headers

    with ThreadPoolExecutor(sign_ins) as crowding:
        told = list(crowding.map(sign_in, range(sign_ins)))
    return Counter(status for status, _ in told), sum(bare for _, bare in told)


def _guess(which: int, people: int) -> tuple[str, str]:
    """In turn a right password, a wrong one and a name nobody has."""
    somebody = crowd.address(crowd.actor(which, people))
    guesses = [
        (somebody, crowd.PASSWORD),
        (somebody, "not their password at all"),
        (f"nobody-{which}@example.org", crowd.PASSWORD),
    ]
    return guesses[which % len(guesses)]


def peak_of(pid: int) -> float:
    """MiB of memory that a process has had in use at most. Raises NoPeak."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        raise NoPeak("only Linux tells a process's peak") from None
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise NoPeak("the system tells no peak of memory")
