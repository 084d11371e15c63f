"""What building the copy of somebody's data costs a worker in memory, with a long history.

`python -m tests.bench.copies 10000` fills the database of DATABASE_URL and asks for the copy; without a
number it builds what was asked for, and prints what that took.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django

from tests.bench.figures import Figure
from tests.bench.memory import NoPeak, peak_of
from tests.bench.servers import Site

EVENTS = 10_000
MOST_MIB = 60
MODULE = "tests.bench.copies"


def figures(folder: Path) -> list[Figure]:
    site = Site(folder, f"sqlite:///{folder}/copies.sqlite3")
    site.run("manage.py", "migrate", "--verbosity", "0", seconds=120)
    site.run("-m", MODULE, str(EVENTS), seconds=120)
    seen = site.ask("-m", MODULE, seconds=120)
    name = f"peak memory over base, a copy with {EVENTS:,} events"
    if seen is None:
        return [Figure(name, None, unit="MiB", note="the system tells no peak of memory")]
    return [
        Figure(
            name,
            seen["peak"] - seen["base"],
            high=MOST_MIB,
            unit="MiB",
            digits=1,
            note=f"base {seen['base']:.0f} MiB; {seen['bytes'] / 1000:.0f} kB in"
            f" {seen['seconds']:.1f} s",
        )
    ]


def fill(events: int) -> None:
    from accounts.models import DataExport, User
    from audit import trail
    from audit.events import Event
    from audit.models import Entry

    for name in ("new", "long-here"):
        person = User.objects.create(username=name, email=f"{name}@example.org")
        trail.record(Event.SIGNED_IN, actor=person, subject=person, label=person.email)
        DataExport.objects.create(user=person)
    row = Entry.objects.values().latest("id")
    row.pop("id")
    Entry.objects.bulk_create((Entry(**row) for _ in range(events - 1)), batch_size=500)


def build() -> dict[str, Any]:
    """One small copy first, so that what it loads is no part of the figure."""
    from accounts.exports import building
    from accounts.models import DataExport

    assert building.drain(limit=1).built == 1
    base, began = peak_of(os.getpid()), time.perf_counter()
    assert building.drain(limit=1).built == 1
    seconds = time.perf_counter() - began
    size = DataExport.objects.get(user__username="long-here").size
    return {"base": base, "peak": peak_of(os.getpid()), "seconds": seconds, "bytes": size}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsite.settings")
    django.setup()
    if len(sys.argv) > 1:
        fill(int(sys.argv[1]))
    else:
        try:
            print(json.dumps(build()))
        except NoPeak:
            print("null")
