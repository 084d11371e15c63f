"""What an entry of the trail costs, and what a long one does: on SQLite with a few hundred thousand
entries, and with ten million on PostgreSQL (`make bench-large`).

`python -m tests.bench.trail entries|verify|prune` measures in the database of DATABASE_URL and prints
JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import django

from tests.bench import filled, history
from tests.bench.browsing import Answer, Browser
from tests.bench.figures import Figure, percentile
from tests.bench.servers import Server, Site, postgres_databases, why_no_postgres

MODULE = "tests.bench.trail"
FEW = 200_000
PER_SECOND = 50_000
LOOKS = 15
# Of the staff desk, and how many milliseconds each may take.
PAGES = {
    "dashboard": ("/admin/dashboard/?period=90d", 500),
    "events": ("/admin/audit/entry/", 100),
    "events of one kind": ("/admin/audit/entry/?event=account.sign_in_failed", 100),
    "a person's page": ("/admin/accounts/user/1/change/", 100),
}


def figures(folder: Path, *, entries: int = FEW) -> list[Figure]:
    site = Site(folder, f"sqlite:///{folder}/trail.sqlite3")
    site.run("-m", "tests.bench.crowd", "1000", seconds=120)
    made = [*_of_an_entry(site)]
    empty = Site(folder, f"sqlite:///{folder}/long-trail.sqlite3")
    empty.run("manage.py", "migrate", "--verbosity", "0", seconds=120)
    empty.run("-m", "tests.bench.history", str(entries), seconds=300)
    return [*made, _of_verifying(empty, entries, "SQLite")]


def large(folder: Path, *, postgres: str, entries: int) -> list[Figure]:
    if why := why_no_postgres(postgres):
        return [Figure(f"a trail of {entries:,} entries", None, note=why)]
    with postgres_databases(postgres, ["trail"]) as (url,):
        site = Site(folder, url, TEXT_URL=f"file://{folder}/texts")
        site.run("-m", "tests.bench.crowd", str(history.PEOPLE), seconds=600)
        site.run("manage.py", "shell", "-c", _EMPTY_TRAIL, seconds=60)
        site.run("-m", "tests.bench.history", str(entries), seconds=7_200)
        return [
            *_of_pages(site, entries),
            _of_verifying(site, entries, "PostgreSQL"),
            *_of_pruning(site),
        ]


# The crowd leaves an entry and a key each, which no history goes on from.
_EMPTY_TRAIL = (
    "from django.db import connection as c; q = c.cursor().execute;"
    "q('ALTER TABLE audit_entry DISABLE TRIGGER USER'); q('TRUNCATE audit_entry');"
    "q('ALTER TABLE audit_entry ENABLE TRIGGER USER'); q('DELETE FROM audit_subjectkey')"
)
_EMPTY_CACHE = "from django.core.cache import cache; cache.clear()"


def _of_an_entry(site: Site) -> list[Figure]:
    seen = site.ask("-m", MODULE, "entries", seconds=120)
    return [
        Figure("an entry of somebody who acts, CPU", seen["cpu"], high=0.5, unit="ms"),
        Figure("its statements", seen["statements"], high=1, digits=0),
    ]


def _of_verifying(site: Site, entries: int, where: str) -> Figure:
    seen = site.ask("-m", MODULE, "verify", seconds=3_600)
    note = f"{seen['verified']:,} in {seen['seconds']:.1f} s, {seen['found']} found"
    name = f"entries verified a second, of {entries:,}, {where}"
    return Figure(name, seen["verified"] / seen["seconds"], low=PER_SECOND, digits=0, note=note)


def _of_pages(site: Site, entries: int) -> list[Figure]:
    cookie = site.run("-m", "tests.bench.desk", seconds=60).split()[-1]
    made = []
    with Server(site) as server:
        for name, (path, most) in PAGES.items():
            took = []
            for _ in range(LOOKS):
                # Its numbers are kept for a minute: each look shall be the first.
                if name == "dashboard":
                    site.run("manage.py", "shell", "-c", _EMPTY_CACHE, seconds=60)
                answer, milliseconds = _asked(server.port, cookie, path)
                if name == "dashboard":
                    _is_filled(answer)
                took.append(milliseconds)
            made.append(
                Figure(
                    f"{name}, {entries:,} entries",
                    median(took),
                    high=most,
                    unit="ms",
                    note=f"first {took[0]:.0f} ms, 95 of 100 {percentile(took, 0.95):.0f} ms",
                )
            )
    return made


def _asked(port: int, cookie: str, path: str) -> tuple[Answer, float]:
    """What was answered, and after how many milliseconds."""
    with Browser(port) as browser:
        browser.cookies = {"session": cookie}
        begun = time.perf_counter()
        answer = browser.get(path)
        took = (time.perf_counter() - begun) * 1000
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return answer, took


def _is_filled(dashboard: Answer) -> None:
    if empty := filled.empty_parts(dashboard.body.decode()):
        raise RuntimeError(f"Nothing to measure on the dashboard, empty are: {', '.join(empty)}")


def _of_pruning(site: Site) -> list[Figure]:
    seen = site.ask("-m", MODULE, "prune", seconds=600)
    return [
        Figure(
            "longest lock while pruning", seen["longest"], high=200, unit="ms",
            note=f"{seen['gone']:,} entries in {seen['batches']} batches",
        )
    ]  # fmt: skip


# --- In the process of the site -------------------------------------------------------------------


def entries(count: int = 2_000) -> dict[str, Any]:
    """CPU of one entry among many in a transaction, as acts write them."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from audit import trail
    from audit.events import Event

    person = User.objects.create(username="somebody-who-acts")
    told: dict[str, Any] = {"actor": person, "subject": person, "method": "password"}
    trail.record(Event.SIGNED_IN, **told)
    with CaptureQueriesContext(connection) as captured:
        trail.record(Event.SIGNED_IN, **told)
    begun = time.process_time()
    with transaction.atomic():
        for _ in range(count):
            trail.record(Event.SIGNED_IN, **told)
        took = time.process_time() - begun
    return {"cpu": took / count * 1000, "statements": len(captured)}


def verify() -> dict[str, Any]:
    from audit.chain import verifying

    begun = time.perf_counter()
    result = verifying.verify()
    seconds = time.perf_counter() - begun
    return {"verified": result.verified, "found": result.found, "seconds": seconds}


def prune(most: int = 100) -> dict[str, Any]:
    """The batches of the oldest segments, each a transaction with its locks."""
    from django.utils import timezone

    from audit.chain import segments

    longest, gone, batches = 0.0, 0, 0
    run = segments.prune(timezone.now())
    begun = time.perf_counter()
    for count in run:
        longest = max(longest, time.perf_counter() - begun)
        gone, batches = gone + count, batches + 1
        if batches == most:
            break
        begun = time.perf_counter()
    return {"longest": longest * 1000, "gone": gone, "batches": batches}


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"entries": entries, "verify": verify, "prune": prune}[sys.argv[1]]()))
