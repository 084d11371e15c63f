"""`python -m tests.bench`: measures, prints a table of each part, ends with 3 when a promise is missed
or a part broke."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import (
    breached,
    copies,
    cost,
    growth,
    lockout,
    memory,
    pressure,
    puzzle,
    starting,
    trail,
    weight,
)
from tests.bench.cost import FEW, Size
from tests.bench.figures import Figure, table
from tests.bench.servers import Site

PARTS = (
    *("cost", "growth", "first", "memory", "copies", "trail", "pressure", "lockout", "puzzle"),
    "breached",
)
MISSED = 3
Part = Callable[[Path], list[Figure]]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="100,000 people and fewer rounds: about 5 minutes"
    )
    parser.add_argument("--only", nargs="+", metavar="PART", choices=PARTS, help=" ".join(PARTS))
    parser.add_argument(
        "--large",
        type=int,
        metavar="ENTRIES",
        help="only this: a trail of so many entries on PostgreSQL (an hour for ten million)",
    )
    parser.add_argument(
        "--postgres",
        metavar="URL",
        default=os.environ.get("POSTGRES", "postgres://postgres@127.0.0.1:5432"),
        help="a server where databases may be made (also as POSTGRES)",
    )
    return parser.parse_args(argv)


def _parts(options: argparse.Namespace) -> dict[str, Part]:
    quick = options.quick
    if options.large:
        much = {"postgres": options.postgres, "entries": options.large}
        return {"large": lambda folder: trail.large(folder, **much)}
    return {
        "cost": lambda folder: cost.figures(folder, Size(12, 30) if quick else Size(40, 120)),
        "growth": lambda folder: growth.figures(
            folder,
            Size(12, 25) if quick else Size(45, 150),
            many=100_000 if quick else 1_000_000,
            starts=1 if quick else 3,
            postgres=options.postgres,
        ),
        "first": lambda folder: [
            *weight.figures(folder),
            *starting.figures(folder, times=3 if quick else 7),
        ],
        "memory": memory.figures,
        "copies": copies.figures,
        "trail": trail.figures,
        "pressure": lambda folder: pressure.figures(folder, rounds=2 if quick else 6),
        "lockout": lambda folder: lockout.figures(folder, quick=quick),
        "puzzle": lambda folder: puzzle.figures(folder, times=5 if quick else 20),
        "breached": lambda folder: breached.figures(
            folder, entries=1_000_000 if quick else 20_000_000
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    options = _arguments(argv)
    # Asked to stop, everything that was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: list[Figure] = []
    broken: list[str] = []
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="site-bench-") as scratch:
        folder = Path(scratch)
        few = Site(folder, f"sqlite:///{folder}/few.sqlite3")
        few.run("manage.py", "collectstatic", "--no-input", "--verbosity", "0", seconds=60)
        few.run("-m", "tests.bench.crowd", str(FEW), seconds=120)
        for name, part in _parts(options).items():
            if options.only and name not in options.only:
                continue
            print(f"[{time.monotonic() - begun:4.0f} s] {name}", file=sys.stderr, flush=True)
            try:
                made = part(folder)
            except Exception:  # what the other parts measured is not lost with it
                traceback.print_exc()
                broken.append(name)
                continue
            print(f"{table(made)}\n", flush=True)
            figures += made
    missed = [figure.name for figure in figures if figure.missed]
    not_run = [figure for figure in figures if figure.measured is None]
    for figure in not_run:
        print(f"\nNOT RUN: {figure.name}: {figure.note}")
    for name in broken:
        print(f"\nBROKE: {name}: what broke it is said above")
    print(f"\n{len(missed)} missed, {time.monotonic() - begun:.0f} s")
    return MISSED if missed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
