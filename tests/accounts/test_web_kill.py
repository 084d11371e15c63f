"""kill -9, at any moment, of gunicorn with all its processes while people sign up: whoever was told
that a letter is on its way gets it, nothing is half done, and what is sent twice is the same message.

The stand-in of tests/accounts/test_worker_kill.py has no page that answers; here it is the answer
that must hold. Half of KILLS fall here: each starts a whole site.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.bench.browsing import Answer, another_network
from tests.bench.servers import answers
from tests.support.attackers import Caller, Storm
from tests.support.processes import Running
from tests.support.site import ROOT, Site
from tests.support.smtp_sink import SmtpSink

KILLS = max(1, int(os.environ.get("KILLS", "20")) // 2)
PEOPLE_AT_ONCE = 3
SIGN_UP, TOLD = "/accounts/signup/", "/accounts/confirm-email/"
WAITING = """
from django.utils import timezone
from accounts.outbox.delivery import waiting
waiting().update(due_at=timezone.now())
"""
REPORT = """
import json
from accounts.models import OutgoingMail, PendingSignup
print(json.dumps({
    "signed_up": list(PendingSignup.objects.values_list("email", flat=True)),
    "letters": list(OutgoingMail.objects.values_list("message_id", "state", "body")),
}))
"""


class Served:
    """A site as production runs it: gunicorn and the worker that sends, neither knowing the other."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.is_up = threading.Event()
        self.tried: list[str] = []
        self.told: list[str] = []

    def start_web(self) -> None:
        argv = ["-m", "gunicorn", "--config", "python:authsite.web", "--workers", "1"]
        argv += ["--bind", f"127.0.0.1:{self.site.port}", "--threads", str(PEOPLE_AT_ONCE + 1)]
        self.web = self._started(*argv)
        while not answers(self.site.port):
            assert self.web.process.poll() is None, self.web.lines
            threading.Event().wait(0.02)
        self.is_up.set()

    def start_worker(self) -> None:
        self.worker = self._started("manage.py", "auth_worker")

    def _started(self, *argv: str) -> Running:
        return Running([sys.executable, *argv], cwd=ROOT, env=self.site.environment)

    def kill_web(self) -> None:
        """The master first: it would put another in the place of a process that is gone."""
        processes = self.web.family()
        self.web.process.kill()
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # it saw that the master is gone
                process.kill()
        self.is_up.clear()
        self.web.__exit__()  # waits until the last of them is gone, and the port free

    def kill_worker(self) -> None:
        self.worker.process.kill()
        self.worker.__exit__()

    def stop(self) -> None:
        """In good order."""
        self.web.__exit__()
        self.worker.__exit__()

    def sign_up(self, caller: Caller, number: int) -> Answer:
        """Somebody new, from a network of their own. They try while there is a site."""
        self.is_up.wait(60)
        address = f"sam{number}@example.org"
        self.tried.append(address)
        answer = caller.send_blindly(
            SIGN_UP, name="Sam", email=address, password1="nine lanterns over the marsh"
        )
        if answer.headers.get("location") == TOLD:
            self.told.append(address)
        return answer


def networks() -> Iterator[str]:
    return (another_network() for _ in itertools.count())


def at_the_form(caller: Caller) -> None:
    caller.fetch_token(SIGN_UP)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def served(database_url: str, sink: SmtpSink, tmp_path: Path) -> Iterator[Served]:
    """With production's budgets of sign-ups and letters: nobody here comes near them."""
    site = Site(
        tmp_path,
        DATABASE_URL=database_url,
        EMAIL_URL=sink.url,
        EMAIL_TIMEOUT="1",
        TRUSTED_PROXIES="127.0.0.0/8",
        POLICY_SIGNUPS_PER_HOUR="20",
        POLICY_LETTERS_PER_HOUR="5",
    )
    site.manage("migrate", "--verbosity", "0")
    site.manage("createcachetable", "--verbosity", "0")
    one = Served(site)
    one.start_worker()
    try:
        one.start_web()
        yield one
    finally:
        one.stop()


@pytest.mark.timeout(60 + 15 * KILLS)
def test_whoever_was_told_of_a_letter_gets_it(served: Served, sink: SmtpSink) -> None:
    with Storm(
        served.site.port, networks(), served.sign_up, at_the_form, threads=PEOPLE_AT_ONCE
    ) as storm:
        worker_kills = kill_at_random(served, storm, sink)
    served.stop()
    served.site.manage("shell", "--command", WAITING)
    served.site.manage("auth_worker", "--once", "--quiet")

    found: dict[str, Any] = json.loads(
        served.site.manage("shell", "--verbosity", "0", "--command", REPORT)
    )
    signed_up, told = found["signed_up"], served.told
    sent = {taken.message_id: taken.recipient for taken in sink.taken}
    doubles = Counter(taken.message_id for taken in sink.taken).total() - len(sent)
    print(
        f"{KILLS} kills, {worker_kills} of workers too: {len(told)} were told, of"
        f" {len(served.tried) - len(told)} that broke off {len(signed_up) - len(told)} were kept,"
        f" {doubles} doubles"
    )
    assert storm.statuses() == {302} and len(told) == len(storm.seen) >= KILLS
    assert set(told) <= set(signed_up) <= set(served.tried)
    # One letter for each, and none without its sign-up.
    assert sorted(sent.values()) == sorted(signed_up)
    assert sorted(sent) == sorted(message_id for message_id, _, _ in found["letters"])
    assert {(state, body) for _, state, body in found["letters"]} == {("sent", "")}
    assert doubles <= worker_kills
    assert len({taken.raw for taken in sink.taken}) == len(sent)


def kill_at_random(served: Served, storm: Storm, sink: SmtpSink) -> int:
    """KILLS blows at the site while letters leave, half of them at its worker too, as when a machine
    goes dark. How many hit a worker."""
    worker_kills = 0
    for _ in range(KILLS):
        storm.wait_for(len(storm.seen) + random.randint(1, 5))
        goal = len(sink.taken) + 1
        sink.wait_for(partial(sink.has_taken, goal), seconds=5)
        # Chance decides how far into the next sign-up, or letter, the blow falls.
        sink.wait_for(lambda: False, seconds=random.uniform(0, 0.05))
        served.kill_web()
        if random.random() < 0.5:
            served.kill_worker()
            worker_kills += 1
            served.start_worker()
        served.start_web()
    return worker_kills
