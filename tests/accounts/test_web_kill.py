"""kill -9, at any moment, of gunicorn with all its processes while people sign up, sign in and change
their passwords: whoever was told that a letter is on its way gets it, nothing is half done, what is
sent twice is the same message; nothing that was done is without its row in the trail, nor the reverse.

The stand-in of tests/accounts/test_worker_kill.py has no page that answers; here it is the answer
that must hold. Half of KILLS fall here: each starts a site.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.bench.browsing import Answer, another_network
from tests.bench.servers import answers
from tests.support import cast
from tests.support.attackers import LOGIN, Caller, Storm
from tests.support.nursery import Nursery, kill, lives
from tests.support.site import Site
from tests.support.smtp_sink import SmtpSink

KILLS = max(1, int(os.environ.get("KILLS", "20")) // 2)
PEOPLE_AT_ONCE = 3
SIGN_UP, TOLD = "/accounts/signup/", "/accounts/confirm-email/"
CHANGE = "/accounts/password/change/"
NEW_PASSWORD = "nine lanterns over the marsh"
CHANGERS = 20 * KILLS + 40  # each changes their password once
# A try that was under way counts as a wrong one, and three are free until the next sign-in: of many
# walkers nobody comes so often.
WALKERS = 2 * KILLS + 20
BEGIN = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
from tests.support import cast
for kind, count in (("walker", {WALKERS}), ("changer", {CHANGERS})):
    for number in range(count):
        cast.person(f"{{kind}}{{number}}")
"""
REPORT = """
import json
from collections import Counter
from accounts.models import OutgoingMail, PendingSignup, Session, User
from audit import trail
from audit.events import Event
from tests.support import after_kills
after_kills.send_what_waits()
signed_up = list(PendingSignup.objects.values_list("email", flat=True))
names = {one.subject_id: one.username for one in User.objects.all()}
def named(subjects): return {names[subject]: count for subject, count in Counter(subjects).items()}
def letters(kind):
    return named(OutgoingMail.objects.filter(letter=kind).values_list("subject_id", flat=True))
def told(event): return named(after_kills.subjects_of(event).elements())
sessions = Session.objects.exclude(user=None).values_list("user__username", flat=True)
first = User.objects.get(username="walker0").password
changed = User.objects.exclude(password=first).values_list("username", flat=True)
print(json.dumps({
    "signed_up": signed_up,
    "deeds": {
        "sign-ups": sorted(trail.identifier_digest(email) for email in signed_up),
        "sign-ins": Counter(sessions),
        "changes": Counter(changed),
    },
    "rows": {
        "sign-ups": sorted(after_kills.told_of(Event.SIGNUP_STARTED)),
        "sign-ins": told(Event.SIGNED_IN),
        "changes": told(Event.PASSWORD_CHANGED),
    },
    "told": {"sign-ins": letters("new_device"), "changes": letters("password_changed")},
    "letters": list(OutgoingMail.objects.values_list("message_id", "state", "body")),
    "chain": after_kills.chain(),
}))
"""


class Served:
    """A site as production runs it: gunicorn and the worker that sends, neither knowing the other."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.nursery = site, Nursery(site.environment, folder)
        self.is_up = threading.Event()
        self.tried: list[str] = []
        self.told: list[str] = []
        self.changed: set[str] = set()

    def start_web(self) -> None:
        argv = ["--workers", "1", "--threads", str(PEOPLE_AT_ONCE + 1)]
        self.web = self.nursery.start("web", *argv, "--bind", f"127.0.0.1:{self.site.port}")
        while not answers(self.site.port):
            assert lives(self.web)
            threading.Event().wait(0.02)
        self.is_up.set()

    def start_worker(self) -> None:
        self.worker = self.nursery.start("worker")

    def kill_web(self) -> None:
        self.is_up.clear()
        kill(self.web)

    def kill_worker(self) -> None:
        kill(self.worker)

    def stop(self) -> None:
        self.kill_web()
        self.kill_worker()

    def act(self, caller: Caller, number: int) -> Answer:
        """Somebody signs up, or signs in, or signs in to change their password, from a network of their
        own. They try while there is a site."""
        self.is_up.wait(60)
        before = dict(caller.cookies), caller.token
        try:
            if number % 3 == 0:
                return self.sign_up(caller, f"sam{number}@example.org")
            if number % 3 == 1 or number // 3 >= CHANGERS:
                return sign_in(caller, f"walker{number // 3 % WALKERS}")
            return self.change_password(caller, f"changer{number // 3}")
        finally:
            caller.cookies, caller.token = before  # each is somebody new

    def sign_up(self, caller: Caller, address: str) -> Answer:
        self.tried.append(address)
        fields = {"name": "Sam", "email": address, "password1": NEW_PASSWORD}
        answer = caller.send_blindly(SIGN_UP, **fields)
        if answer.headers.get("location") == TOLD:
            self.told.append(address)
        return answer

    def change_password(self, caller: Caller, name: str) -> Answer:
        sign_in(caller, name)
        fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        answer = caller.send(CHANGE, oldpassword=cast.PASSWORD, **fields)
        if answer.status == 302:
            self.changed.add(name)
        return answer


def sign_in(caller: Caller, name: str) -> Answer:
    return caller.send_blindly(LOGIN, login=name, password=cast.PASSWORD)


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
    one = Served(site, tmp_path)
    one.nursery.does(BEGIN)
    one.start_worker()
    try:
        one.start_web()
        yield one
    finally:
        one.stop()
        one.nursery.rest()


@pytest.mark.timeout(60 + 15 * KILLS)
def test_whoever_was_told_of_a_letter_gets_it_and_each_deed_has_its_row(
    served: Served, sink: SmtpSink
) -> None:
    with Storm(
        served.site.port, networks(), served.act, at_the_form, threads=PEOPLE_AT_ONCE
    ) as storm:
        worker_kills = kill_at_random(served, storm, sink)
    served.stop()

    found: dict[str, Any] = json.loads(served.nursery.does(REPORT))
    signed_up, told, chain = found["signed_up"], served.told, found["chain"]
    recipients = {taken.message_id: taken.recipient for taken in sink.taken}
    doubles = Counter(taken.message_id for taken in sink.taken).total() - len(recipients)
    print(
        f"{KILLS} kills, {worker_kills} of workers too: {len(told)} were told, of"
        f" {len(served.tried) - len(told)} that broke off {len(signed_up) - len(told)} were kept,"
        f" {sum(found['deeds']['sign-ins'].values())} sign-ins, {len(found['deeds']['changes'])}"
        f" changes, {doubles} doubles, {chain['entries']} entries"
    )
    assert storm.statuses() == {302} and len(storm.seen) >= KILLS
    assert set(told) <= set(signed_up) <= set(served.tried)
    assert served.changed <= found["deeds"]["changes"].keys()
    # One letter for each, and none without its sign-up, its sign-in or its change.
    sent = Counter(recipients.values())
    assert sent == Counter(signed_up) + of_people(found["told"])
    assert sorted(recipients) == sorted(message_id for message_id, _, _ in found["letters"])
    assert {(state, body) for _, state, body in found["letters"]} == {("sent", "")}
    assert doubles <= worker_kills
    assert len({taken.raw for taken in sink.taken}) == len(recipients)
    # One row for each, and none without.
    assert found["rows"] == found["deeds"]
    assert {kind: found["deeds"][kind] for kind in found["told"]} == found["told"]
    assert not chain["findings"] and chain["counted_once"]
    assert chain["verified"] == chain["entries"]


def of_people(told: dict[str, dict[str, int]]) -> Counter[str]:
    """How many letters went to each address of them."""
    letters: Counter[str] = Counter()
    for counts in told.values():
        letters.update({f"{name}@example.org": count for name, count in counts.items()})
    return letters


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
