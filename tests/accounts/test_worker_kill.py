"""kill -9, at any moment, of whoever writes letters and whoever sends them: none is lost, none is
sent without its act, and a kill makes at most one double, which is the same message again.

KILLS says how often (20; the whole pipeline runs 200).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.support.smtp_sink import SmtpSink

KILLS = int(os.environ.get("KILLS", "20"))
PROGRAMS = ("-m", "tests.support.act_and_letter")
ACTS_A_ROUND = 25


class Stage:
    """The programs of one run, on one database and one mail server."""

    def __init__(self, environment: dict[str, str], sink: SmtpSink) -> None:
        self.environment = environment
        self.sink = sink
        self.living: dict[str, deque[int]] = {"writer": deque(), "worker": deque()}
        os.mkfifo(environment["ACTS"])
        self.acts = os.open(environment["ACTS"], os.O_RDWR)
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.nursery = subprocess.Popen(
            [sys.executable, *PROGRAMS, "nursery"], env=environment, cwd=settings.BASE_DIR,
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, *argv: str) -> str:
        return subprocess.run(
            [sys.executable, *argv], env=self.environment, cwd=settings.BASE_DIR, check=True,
            timeout=60 + 3 * KILLS, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    def start(self, kind: str) -> None:
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write(f"{kind}\n")
        self.nursery.stdin.flush()
        self.living[kind].append(int(self.nursery.stdout.readline()))

    def kill(self, kind: str) -> None:
        """The one that has lived longest: it is past its start, in the middle of its work."""
        os.kill(self.living[kind].popleft(), signal.SIGKILL)

    def ask_for_acts(self) -> None:
        os.write(self.acts, b"." * ACTS_A_ROUND)

    def end(self) -> None:
        for kind, programs in self.living.items():
            while programs:
                self.kill(kind)
        self.nursery.communicate()
        os.close(self.acts)


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    with SmtpSink() as sink:
        environment = {
            "DJANGO_SETTINGS_MODULE": "authsite.settings",
            "DATABASE_URL": database_url,
            "EMAIL_URL": sink.url,
            "EMAIL_TIMEOUT": "1",
            "ACTS": str(tmp_path / "acts"),
        }
        yield Stage(os.environ | environment, sink)


@pytest.mark.timeout(60 + 6 * KILLS)
def test_no_kill_loses_a_letter_and_each_makes_at_most_one_double(stage: Stage):
    try:
        worker_kills = kill_at_random(stage)
    finally:
        stage.end()
    stage.run(*PROGRAMS, "due")
    stage.run("manage.py", "auth_worker", "--once", "--quiet")

    told: dict[str, Any] = json.loads(stage.run(*PROGRAMS, "report"))
    delivered = Counter(taken.message_id for taken in stage.sink.taken)
    doubles = delivered.total() - len(delivered)
    print(f"{KILLS} kills, {worker_kills} of workers: {len(told['acts'])} acts, {doubles} doubles")
    assert sorted(told["acts"]) == sorted(delivered)
    assert len(told["acts"]) >= KILLS
    assert doubles <= worker_kills
    assert len({taken.raw for taken in stage.sink.taken}) == len(delivered)
    assert {(state, body) for _, state, body in told["letters"]} == {("sent", "")}


def kill_at_random(stage: Stage) -> int:
    """KILLS blows at two writers and two workers, each replaced at once. How many hit a worker."""
    for kind in ("writer", "worker") * 2:
        stage.start(kind)
    worker_kills = len(stage.living["worker"])  # they are killed in the end
    for _ in range(KILLS):
        stage.ask_for_acts()
        goal = len(stage.sink.taken) + random.randint(1, 5)
        stage.sink.wait_for(partial(stage.sink.has_taken, goal), seconds=5)
        # Chance decides how far into the next letter, or transaction, the blow falls.
        stage.sink.wait_for(lambda: False, seconds=random.uniform(0, 0.02))
        victim = random.choice(("writer", "worker"))
        stage.kill(victim)
        stage.start(victim)
        worker_kills += victim == "worker"
    return worker_kills
