"""What the SQLite file of a measured site says, and its clock: rows made older are time gone by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.bench.servers import Site

# As Django writes moments: it compares them as text, to the microsecond.
_MOMENT = "strftime('%Y-%m-%d %H:%M:%f', {}) || '000'"
_KEPT_IN = {"accounts_tally": "started_at", "axes_accessattempt": "attempt_time"}


def crowded(folder: Path, name: str, people: int, *, actors: int = 500, **environment: str) -> Site:
    """A site with people of its own, whom no other part has counted anything for."""
    site = Site(folder, f"sqlite:///{folder}/{name}.sqlite3", **environment)
    site.run("-m", "tests.bench.crowd", str(people), str(actors), seconds=120)
    return site


@contextmanager
def _opened(site: Site) -> Iterator[sqlite3.Connection]:
    path = site.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        yield database


def age(site: Site, seconds: float) -> None:
    """So many seconds pass for all that the limits have counted."""
    with _opened(site) as database:
        for table, since in _KEPT_IN.items():
            earlier = _MOMENT.format(f"{since}, '-{seconds} seconds'")
            database.execute(f"UPDATE {table} SET {since} = {earlier}")  # noqa: S608


def failed_in_a_row(site: Site, failures: int) -> None:
    """Whatever strangers have guessed at, they have guessed at so often, the last time now."""
    now = _MOMENT.format("'now'")
    with _opened(site) as database:
        database.execute(
            f"UPDATE accounts_tally SET count = ?, started_at = {now} WHERE budget = 'strangers'",  # noqa: S608
            [failures],
        )


def limits_reached(site: Site, budget: str) -> list[int]:
    """How many rows of the trail say so, for each network that has any."""
    with _opened(site) as database:
        rows = database.execute(
            "SELECT count(*) FROM audit_entry"
            " WHERE event = ? AND json_extract(facts, '$.budget') = ? GROUP BY network_digest",
            ["account.limit_reached", budget],
        )
        return [count for (count,) in rows]
