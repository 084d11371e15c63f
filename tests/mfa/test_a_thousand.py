"""One code, sent by very many at once: it opens one session and breaks nothing. RACERS says how many
requests; `.ci/run` sends a thousand."""

from __future__ import annotations

import os
import threading

import pytest

from audit.events import Event
from audit.models import Entry
from tests.mfa.test_sent import give
from tests.support import cast, roads, second_steps
from tests.support.race import outcome, race
from tests.support.roads import STEP
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

REQUESTS = int(os.environ.get("RACERS", "60"))
THREADS, SESSIONS = 12, 6


@pytest.mark.parametrize("method", ["app", "recovery_code", "mailed_code", "texted_code"])
def test_one_code_opens_one_session(method, settings, mailbox):
    settings.BOT_CHECK = "off"
    settings.POLICY_MAILED_CODES = settings.POLICY_TEXTED_CODES = True
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}
    # How many may be compared before they wait for each other is another wall.
    settings.POLICY_FREE_FAILURES = settings.POLICY_STRANGER_FAILURES = 100_000
    user = cast.person("alice")
    is_sent = method in ("mailed_code", "texted_code")
    if is_sent:
        give(user, method)
    else:
        second_steps.give_app(user)
    # A code that is sent works in the browser that asked; the others in all that wait.
    waiting = [Visitor() for _ in range(1 if is_sent else SESSIONS)]
    for browser in waiting:
        roads.by_password(browser, "alice")
    if is_sent:
        waiting[0].post(STEP, {"send": method})
    code = {
        "app": lambda: second_steps.code_of(user),
        "recovery_code": lambda: second_steps.CODES[4],
        "mailed_code": lambda: mailbox.latest().code,
        "texted_code": code_of_the_last,
    }[method]()
    cookies = [browser.cookies["__Host-session"].value for browser in waiting]
    left = iter(range(REQUESTS))
    mutex = threading.Lock()
    said: list[str] = []

    def send_many(number: int) -> None:
        while True:
            with mutex:
                turn = next(left, None)
            if turn is None:
                return
            tab = Visitor()
            tab.cookies["__Host-session"] = cookies[turn % len(cookies)]
            answer = outcome(tab.post(STEP, {"method": method, "code": code}))
            with mutex:
                said.append(answer)

    race(send_many, THREADS)
    assert len(said) == REQUESTS
    assert said.count("302 /accounts/") == 1, sorted(set(said))
    assert not [one for one in said if one.startswith("5")], sorted(set(said))
    assert user.sessions.count() == 1
    assert Entry.objects.filter(event=Event.SIGNED_IN).count() == 1
