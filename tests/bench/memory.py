"""What 200 sign-ins at once cost one process in memory, and how they are answered."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench import crowd
from tests.bench.acts import OVERVIEW
from tests.bench.browsing import SIGN_IN, Browser
from tests.bench.cost import FEW
from tests.bench.figures import Figure
from tests.bench.servers import Server, Site

AT_ONCE = 200
# More than hashes may run at once, so that it is the hashing that is bounded and not the threads.
THREADS = 4
BUSY = 503
MIB = 1024 * 1024


def figures(folder: Path) -> list[Figure]:
    site = Site(folder, f"sqlite:///{folder}/few.sqlite3")
    name = f"peak memory over base, {AT_ONCE} sign-ins at once"
    with Server(site) as another:
        home = _signed_in(another)
    with Server(site, threads=THREADS) as server:
        worker = server.pids()[0]
        if not _peak_file(worker).is_file():
            return [Figure(name, None, unit="MiB", note="only Linux tells a process's peak")]
        _warm_up(server, home)
        base = _peak(worker)
        bound = _bound(server)
        answers, bare = _all_at_once(server)
        peak = _peak(worker)
    told = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    strange = sum(count for status, count in answers.items() if status not in (302, 200, 429, BUSY))
    return [
        Figure(
            name,
            (peak - base) / MIB,
            high=round(1.2 * bound / MIB, 1),
            unit="MiB",
            digits=1,
            note=f"base {base / MIB:.0f} MiB",
        ),
        Figure(
            "answers that are no answer to a sign-in", strange, low=0, high=0, digits=0, note=told
        ),
        Figure("503 that do not say when to come back", bare, low=0, high=0, digits=0),
    ]


def _bound(server: Server) -> int:
    """Bytes of all hashes that may run at once."""
    memory = int(server.site.environment["POLICY_ARGON2_MEMORY_KIB"])
    with Browser(server.port) as browser:
        return int(float(browser.get("/bench/places").body)) * memory * 1024


def _signed_in(server: Server) -> dict[str, str]:
    """The cookies of somebody who came in by another process: this one is to hash nothing yet."""
    with Browser(server.port) as browser:
        browser.sign_in(crowd.address(0), crowd.PASSWORD)
        return browser.cookies


def _warm_up(server: Server, home: dict[str, str]) -> None:
    """The base: every thread has drawn pages and holds its connection to the database."""

    def visit(_number: int) -> None:
        with Browser(server.port) as browser:
            browser.get(SIGN_IN)
            browser.cookies = dict(home)
            browser.get(OVERVIEW)

    with ThreadPoolExecutor(THREADS) as visitors:
        list(visitors.map(visit, range(6 * THREADS)))


def _all_at_once(server: Server) -> tuple[Counter[int], int]:
    """How often each status was answered, and how many were busy without saying for how long."""
    ready = threading.Barrier(AT_ONCE, timeout=60)

    def sign_in(which: int) -> tuple[int, bool]:
        with Browser(server.port, timeout=120) as browser:
            browser.open_sign_in()
            ready.wait()
            login = crowd.address(crowd.actor(which, FEW))
            answer = browser.try_sign_in(login, crowd.PASSWORD)
            return answer.status, answer.status == BUSY and "retry-after" not in answer.headers

    with ThreadPoolExecutor(AT_ONCE) as people:
        told = list(people.map(sign_in, range(AT_ONCE)))
    return Counter(status for status, _ in told), sum(bare for _, bare in told)


def _peak_file(pid: int) -> Path:
    return Path(f"/proc/{pid}/status")


def _peak(pid: int) -> int:
    """Bytes of memory that a process has had in use at most."""
    for line in _peak_file(pid).read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("The system tells no peak of memory.")
