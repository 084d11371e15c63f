"""kill -9, at any moment, of whoever writes letters and whoever sends them and chains the trail: no
letter is lost, none is sent without its act, and a kill makes at most one double, which is the same
message again; no act is without its row in the trail, nor a row without its act, and the chain holds.

KILLS says how often (20; the whole pipeline runs 200).
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.nursery import Nursery, kill
from tests.support.smtp_sink import SmtpSink

KILLS = int(os.environ.get("KILLS", "20"))
ACTS_A_ROUND = 25
MIGRATE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
REPORT = """
import json
from accounts.models import OutgoingMail, Tally
from audit import trail
from audit.events import Event
from tests.support import after_kills
from tests.support.act_and_letter import ACT
after_kills.send_what_waits()
acts = list(Tally.objects.filter(budget=ACT).values_list("subject", flat=True))
print(json.dumps({
    "acts": acts,
    "letters": list(OutgoingMail.objects.values_list("message_id", "state", "body")),
    "done": [trail.identifier_digest(one) for one in acts],
    "told": after_kills.told_of(Event.UNLOCK_REQUESTED),
    "chain": after_kills.chain(),
}))
"""


class Stage:
    """The programs of one run, on one database and one mail server."""

    def __init__(self, environment: dict[str, str], folder: Path, sink: SmtpSink) -> None:
        self.sink = sink
        self.living: dict[str, deque[int]] = {"writer": deque(), "worker": deque()}
        self.pipe = str(folder / "acts")
        os.mkfifo(self.pipe)
        self.acts = os.open(self.pipe, os.O_RDWR)
        self.nursery = Nursery(environment, folder)
        self.nursery.does(MIGRATE)

    def start(self, kind: str) -> None:
        args = [self.pipe] if kind == "writer" else []
        self.living[kind].append(self.nursery.start(kind, *args))

    def kill(self, kind: str) -> None:
        """The one that has lived longest: it is past its start, in the middle of its work."""
        kill(self.living[kind].popleft())

    def ask_for_acts(self) -> None:
        os.write(self.acts, b"." * ACTS_A_ROUND)

    def end(self) -> None:
        for kind, programs in self.living.items():
            while programs:
                self.kill(kind)
        os.close(self.acts)


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    with SmtpSink() as sink:
        environment = {
            "DJANGO_SETTINGS_MODULE": "authsite.settings",
            "DATABASE_URL": database_url,
            "EMAIL_URL": sink.url,
            "EMAIL_TIMEOUT": "1",
        }
        made = Stage(os.environ | environment, tmp_path, sink)
        yield made
        made.nursery.rest()


@pytest.mark.timeout(60 + 6 * KILLS)
def test_no_kill_loses_a_letter_or_a_row_and_each_makes_at_most_one_double(stage: Stage):
    try:
        worker_kills = kill_at_random(stage)
    finally:
        stage.end()
    told: dict[str, Any] = json.loads(stage.nursery.does(REPORT))
    delivered = Counter(taken.message_id for taken in stage.sink.taken)
    doubles, chain = delivered.total() - len(delivered), told["chain"]
    print(
        f"{KILLS} kills, {worker_kills} of workers: {len(told['acts'])} acts, {doubles} doubles,"
        f" {chain['chained_before']} of {chain['entries']} entries chained meanwhile"
    )
    assert sorted(told["acts"]) == sorted(delivered)
    assert len(told["acts"]) >= KILLS
    assert doubles <= worker_kills
    assert len({taken.raw for taken in stage.sink.taken}) == len(delivered)
    assert {(state, body) for _, state, body in told["letters"]} == {("sent", "")}
    # One row for each act, and none without one.
    assert sorted(told["told"]) == sorted(told["done"])
    assert not chain["findings"] and chain["counted_once"] and chain["chained_before"]
    assert chain["verified"] == chain["entries"]


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
