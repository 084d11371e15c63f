"""Interleaved measurement: every act once in each round, so that a slow moment slows all alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench import clocks
from tests.bench.browsing import Browser
from tests.bench.servers import Server

FEWEST_ROUNDS = 6
# What a server still does for a request once its answer has left: log it, close its connection.
SETTLE_SECONDS = 0.008


@dataclass(frozen=True)
class Act:
    """Something asked of a server `count` times in a row over one connection.

    `ask` gets the browser and the number of the request within the whole run; it raises when the
    answer is not what it should be, and may return what the server itself measured, in ms of CPU
    time, which then stands for the request. Before each batch `prepare` is called, unmeasured.
    """

    name: str
    server: Server
    count: int
    ask: Callable[[Browser, int], float | None]
    prepare: Callable[[Browser], None] = lambda browser: None


Costs = dict[str, list[float]]


def measure(acts: Sequence[Act], *, rounds: int, seconds: float) -> Costs:
    """CPU ms of the server for one request of each act, one value a round, rounds paired.

    Every second round runs backwards. Ends early after `seconds`, though not before a few rounds;
    the first round warms up and does not count."""
    costs: Costs = {act.name: [] for act in acts}
    deadline = time.monotonic() + seconds
    for number in range(rounds + 1):
        if number > FEWEST_ROUNDS and time.monotonic() > deadline:
            break
        for act in acts if number % 2 else reversed(acts):
            cost = _batch(act, number)
            if number:
                costs[act.name].append(cost)
    return costs


def _batch(act: Act, number: int) -> float:
    with Browser(act.server.port) as browser:
        browser.get("/healthz")  # the connection stands before anything counts
        act.prepare(browser)
        _settle()
        before = act.server.cpu()
        told = [act.ask(browser, number * act.count + each) for each in range(act.count)]
        _settle()
        spent = clocks.between(before, act.server.cpu())
    own = [value for value in told if value is not None]
    return sum(own) / len(own) if own else spent * 1000 / act.count


def _settle() -> None:
    threading.Event().wait(SETTLE_SECONDS)
