"""Fair lockout: what guessing gets, what it costs, and what the owner notices of it."""

from __future__ import annotations

from pathlib import Path

from tests.bench import alike, one_account, spray, storm
from tests.bench.figures import Figure


def figures(folder: Path, *, quick: bool) -> list[Figure]:
    return [
        *one_account.figures(folder, addresses=1_000 if quick else 2_000),
        *spray.figures(folder, networks=10 if quick else 50),
        *storm.figures(folder, rounds=2 if quick else 3),
        *alike.figures(folder, pairs=300, rounds=10 if quick else 20),
    ]
