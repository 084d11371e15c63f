"""Many accounts, each tried once or twice, from some networks: where each network is stopped."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench import crowd, rows
from tests.bench.acts import WRONG
from tests.bench.browsing import SIGN_IN
from tests.bench.figures import Figure
from tests.bench.servers import Server
from tests.support.attackers import Caller

TRIES = 100  # of each network; before the last it is to be stopped
AT_ONCE = 8
# What is counted is no matter of what a hash costs, and there are thousands.
CHEAP = {"POLICY_ARGON2_MEMORY_KIB": "12288", "POLICY_ARGON2_PASSES": "1"}


def figures(folder: Path, *, networks: int) -> list[Figure]:
    accounts = networks * TRIES
    site = rows.crowded(folder, "spray", accounts, actors=accounts, **CHEAP)

    def spray(network: int) -> Counter[int]:
        told: Counter[int] = Counter()
        with Caller(server.port, f"198.18.{network}.7") as caller:
            caller.fetch_token()
            cookies = dict(caller.cookies)
            for number in range(network * TRIES, (network + 1) * TRIES):
                login = crowd.address(number)
                told[caller.send_blindly(SIGN_IN, login=login, password=WRONG).status] += 1
                caller.cookies = dict(cookies)
        return told

    with Server(site, workers=None) as server, ThreadPoolExecutor(AT_ONCE) as attackers:
        told = list(attackers.map(spray, range(networks)))
    statuses = sum(told, Counter[int]())
    reached = rows.limits_reached(site, "network_failures")
    return [
        Figure(
            f"{accounts:,} accounts from {networks} networks: tries compared of one network, most",
            max(each[200] for each in told),
            high=TRIES - 1,
            digits=0,
            note=f"of {TRIES}; answered "
            + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())),
        ),
        Figure(
            "alert rows (account.limit_reached) of one network, most",
            max(reached, default=0),
            low=1,
            high=1,
            digits=0,
            note=f"{len(reached)} networks have one",
        ),
        Figure("alert rows of all networks", sum(reached), low=networks, high=networks, digits=0),
    ]
