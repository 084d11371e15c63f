"""What a refused try costs, and whether a stopwatch tells names that exist from names that do not."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench import clocks, crowd, rows
from tests.bench.acts import WRONG, Acts, Unexpected
from tests.bench.browsing import Browser
from tests.bench.cost import FEW
from tests.bench.figures import Figure, paired_ratio, unsureness, welch
from tests.bench.rounds import SETTLE_SECONDS, Act, measure
from tests.bench.servers import Server, Site

WARM_UP = 10  # pairs that are not measured
MOST_T = 4.5
# By how many failures in a row an account comes into a state, and what it answers there.
STATES = {"free": (0, 200), "delayed": (13, 429), "locked": (50, 429)}


@dataclass
class Sample:
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def figures(folder: Path, *, pairs: int, rounds: int) -> list[Figure]:
    site = rows.crowded(folder, "alike", FEW)
    with Server(site) as server:
        found: list[Figure] = []
        for state, (failures, status) in STATES.items():
            if failures:
                rows.failed_in_a_row(site, failures)
            found.append(_alike(server, state, status, pairs))
            if state == "delayed":
                found += _refused(site, server, rounds)
        return found


def _login(known: bool, number: int) -> str:
    """Of the same length whether somebody has it or not; every second by address."""
    name = crowd.name(crowd.actor(number, FEW))
    name = name if known else name.replace("person", "nobody")
    return f"{name}@example.org" if number % 2 else name


def _alike(server: Server, state: str, status: int, pairs: int) -> Figure:
    """Each account and each name is guessed at once in each state, from a network of its own."""
    chance = random.Random(state)
    samples = {True: Sample(), False: Sample()}
    pids = server.pids()
    with Browser(server.port) as browser:
        browser.open_sign_in()
        for number in range(WARM_UP + pairs):
            for known in chance.sample((True, False), 2):
                login = _login(known, number)
                before, begun = clocks.read(pids), time.perf_counter()
                answered = browser.try_sign_in(login, WRONG).status
                wall = time.perf_counter() - begun
                threading.Event().wait(SETTLE_SECONDS)
                spent = clocks.between(before, clocks.read(pids))
                if answered != status:
                    raise Unexpected(f"The sign-in of {login} answered {answered}, not {status}")
                if number >= WARM_UP:
                    samples[known].cpu.append(spent * 1000)
                    samples[known].wall.append(wall * 1000)
    known, unknown = samples[True], samples[False]
    return Figure(
        f"|t| of {pairs} wrong passwords for known and unknown names, {state}",
        welch(known.cpu, unknown.cpu),
        high=MOST_T,
        note=f"CPU, {median(known.cpu):.2f} and {median(unknown.cpu):.2f} ms;"
        f" by the clock {welch(known.wall, unknown.wall):.2f}",
    )


def _refused(site: Site, server: Server, rounds: int) -> list[Figure]:
    def ask(browser: Browser, number: int) -> None:
        login = _login(bool(number % 3), number % 100)
        if (answered := browser.try_sign_in(login, WRONG).status) != 429:
            raise Unexpected(f"The sign-in of {login} answered {answered}, not 429")

    hello = Acts(server, FEW).hello()
    refused = Act("refused", server, 25, ask, Browser.open_sign_in)
    costs = measure([hello, refused], rounds=rounds, seconds=60)
    ratio = paired_ratio(costs["refused"], costs["hello"])
    return [
        Figure("a refused try, CPU", median(costs["refused"]), high=3, unit="ms"),
        Figure(
            "a refused try ÷ hello",
            ratio,
            note=f"± {2 * unsureness(costs['refused'], costs['hello']):.2f}",
        ),
    ]
