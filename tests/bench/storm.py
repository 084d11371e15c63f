"""Whether somebody on a known device notices 200 who guess passwords. By the clock on the wall."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median

from tests.bench import crowd, rows
from tests.bench.acts import OVERVIEW, Unexpected
from tests.bench.browsing import SIGN_IN
from tests.bench.cost import FEW
from tests.bench.figures import Figure, paired_ratio, percentile
from tests.bench.pressure import Answered, guessing
from tests.bench.servers import Server
from tests.support.attackers import Caller

GUESSERS = 200
LOOKS, SIGN_INS = 40, 20  # of one round
PAUSE_SECONDS = 0.02
MOST = 6
Took = dict[str, list[float]]


def figures(folder: Path, *, rounds: int) -> list[Figure]:
    """As many processes and threads as production takes."""
    site = rows.crowded(folder, "storm", FEW)
    alone: list[Took] = []
    pressed: list[Took] = []
    answered: Answered = Counter()
    owner: dict[str, str] = {}
    with Server(site, workers=None) as server:
        _acts(server, owner)
        for _ in range(rounds):
            alone.append(_acts(server, owner))
            with guessing(server, GUESSERS, answered):
                pressed.append(_acts(server, owner))
    told = ", ".join(f"{count} × {status}" for status, count in sorted(answered.items()))
    return [_figure(act, alone, pressed, told) for act in ("overview", "sign-in")]


def _figure(act: str, alone: list[Took], pressed: list[Took], told: str) -> Figure:
    idle = [percentile(took[act], 0.95) for took in alone]
    under = [percentile(took[act], 0.95) for took in pressed]
    return Figure(
        f"{act} on a known device while {GUESSERS} guess ÷ alone, 95 of 100",
        paired_ratio(under, idle),
        high=MOST,
        digits=1,
        note=f"{median(under):.0f} ms, alone {median(idle):.0f} ms; guesses answered: {told}",
    )


def _acts(server: Server, known: dict[str, str]) -> Took:
    """Wall-clock ms of each look at the overview and of each sign-in, over one connection that stands
    already. `known` is what the device is known by, and is kept there."""
    took: Took = {"overview": [], "sign-in": []}
    owner = Caller(server.port, "198.51.100.9")
    try:
        owner.cookies = dict(known)
        _sign_in(owner)
        for number in range(LOOKS):
            threading.Event().wait(PAUSE_SECONDS)
            begun = time.perf_counter()
            status = owner.open(OVERVIEW).status
            took["overview"].append((time.perf_counter() - begun) * 1000)
            if status != 200:
                raise Unexpected(f"{OVERVIEW} answered {status}")
            if number % (LOOKS // SIGN_INS) == 0:
                took["sign-in"].append(_sign_in(owner))
        known.update(_device(owner))
    finally:
        owner.line.close()
    return took


def _device(owner: Caller) -> dict[str, str]:
    return {name: held for name, held in owner.cookies.items() if "device" in name}


def _sign_in(owner: Caller) -> float:
    """Out, the form, and in again: ms of sending it."""
    owner.cookies = _device(owner)
    owner.fetch_token()
    login = crowd.address(crowd.actor(0, FEW))
    begun = time.perf_counter()
    status = owner.send_blindly(SIGN_IN, login=login, password=crowd.PASSWORD).status
    if status != 302:
        raise Unexpected(f"The sign-in of {login} answered {status}")
    return (time.perf_counter() - begun) * 1000
