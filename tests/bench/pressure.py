"""Whether somebody signed in notices that eight others guess passwords. By the clock on the wall."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.acts import OVERVIEW, Acts, Unexpected
from tests.bench.browsing import Browser
from tests.bench.cost import FEW
from tests.bench.figures import Figure, paired_ratio, percentile
from tests.bench.servers import ROOT, Server, Site

PAUSE_SECONDS = 0.02  # between two looks at the page, so that they meet the guesses as they fall
LOOKS = 80
GUESSERS = 8
Answered = Counter[str]  # guesses by status


def figures(folder: Path, *, rounds: int) -> list[Figure]:
    """As many processes and threads as production takes."""
    site = Site(folder, f"sqlite:///{folder}/few.sqlite3")
    idle: list[float] = []
    pressed: list[float] = []
    answered: Answered = Counter()
    with Server(site, workers=None) as server:
        acts = Acts(server, FEW)
        acts.settle_in()
        _look(acts)
        for _ in range(rounds):
            idle.append(percentile(_look(acts), 0.95))
            with guessing(server, GUESSERS, answered):
                pressed.append(percentile(_look(acts), 0.95))
    told = ", ".join(f"{count} × {status}" for status, count in sorted(answered.items()))
    return [
        Figure("overview alone, 95 of 100 within", median(idle), unit="ms", digits=1),
        Figure(
            "overview while eight guess ÷ alone, 95 of 100",
            paired_ratio(pressed, idle),
            high=6,
            digits=1,
            note=f"{median(pressed):.1f} ms; guesses answered: {told}",
        ),
    ]


def _look(acts: Acts) -> list[float]:
    """Wall-clock ms of each look at the page, over one connection that stands already."""
    took = []
    with Browser(acts.server.port) as browser:
        browser.cookies = dict(acts.home)
        browser.get(OVERVIEW)
        for _ in range(LOOKS):
            threading.Event().wait(PAUSE_SECONDS)
            begun = time.perf_counter()
            status = browser.get(OVERVIEW).status
            took.append((time.perf_counter() - begun) * 1000)
            if status != 200:
                raise Unexpected(f"{OVERVIEW} answered {status}")
    return took


@contextmanager
def guessing(server: Server, many: int, answered: Answered) -> Iterator[None]:
    """While inside, so many guess at `server`; `answered` hears what they were told."""
    argv = [sys.executable, "-m", "tests.bench.guessers", str(server.port), str(many)]
    guessers = subprocess.Popen(
        argv, cwd=ROOT, env=server.site.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        if guessers.stdout is None or guessers.stdout.readline() != b"guessing\n":
            raise Unexpected("The guessers did not begin.")
        yield
        answered.update(json.loads(guessers.communicate(timeout=90)[0]))
    finally:
        guessers.kill()
        guessers.wait()
