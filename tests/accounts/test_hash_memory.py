"""A process stays within its memory with a crowd signing in, on a real server."""

from __future__ import annotations

from pathlib import Path

from tests.bench.memory import ALLOWED, MEANT, SIGN_INS, THREADS, Rush, rush_of
from tests.bench.servers import Site

PEOPLE = 500


def rush(folder: Path, sign_ins: int, *, threads: int = THREADS, **policy: str) -> Rush:
    site = Site(folder, f"sqlite:///{folder}/crowd.sqlite3", **policy)
    site.run("manage.py", "collectstatic", "--no-input", "--verbosity", "0", seconds=60)
    site.run("-m", "tests.bench.crowd", str(PEOPLE), seconds=60)
    return rush_of(site, people=PEOPLE, sign_ins=sign_ins, threads=threads)


def test_two_hundred_sign_ins_at_once_stay_within_the_memory_of_four_hashes(tmp_path):
    seen = rush(tmp_path, SIGN_INS)
    assert seen.peak <= seen.base + ALLOWED * 4 * 19
    assert set(seen.statuses) <= MEANT
    assert seen.statuses[200] and seen.statuses[302]


def test_over_the_bound_a_request_is_told_when_to_come_again(tmp_path):
    slow = {"POLICY_ARGON2_PASSES": "10", "POLICY_HASH_MEMORY_MIB": "19"}
    seen = rush(tmp_path, 100, threads=50, POLICY_HASH_WAIT_SECONDS="1", **slow)
    assert set(seen.statuses) <= MEANT
    assert seen.statuses[503]
    assert seen.without_retry_after == 0
