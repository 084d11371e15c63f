"""The programs of the kill test: `python -m tests.support.act_and_letter COMMAND`.

`nursery` loads the site once, then forks a program for each line it reads, `writer` or `worker`, and
prints its process id (as a server that preloads its application does). The writer stands for a web
process: it does one act with its letter, in one transaction, for each byte in the pipe ACTS; now and
then the act is not done after all. The worker is `manage.py auth_worker`.
`due` makes every waiting letter due now. `report` prints acts and letters as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys

import django
from django.core.management import execute_from_command_line

ACT = "kill-test"


class Undone(Exception):
    """The act is not done after all, and its letter with it."""


def nursery() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no reaping
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if not child:
            random.seed()
            PROGRAMS[line.strip()]()
            os._exit(0)
        print(child, flush=True)


def worker() -> None:
    execute_from_command_line(["manage.py", "auth_worker"])


def writer() -> None:
    from django.db import transaction

    from accounts.models import Tally
    from accounts.outbox import letters

    acts = os.open(os.environ["ACTS"], os.O_RDONLY)
    while os.read(acts, 1):
        letter = letters.no_account(to="sam@example.org", language="en")
        try:
            with transaction.atomic():
                letter.put()
                Tally.objects.create(
                    budget=ACT, subject=letter.message_id, count=1, started_at="2026-01-01T00:00Z"
                )
                if random.random() < 0.2:
                    raise Undone
        except Undone:
            continue


def due() -> None:
    from django.utils import timezone

    from accounts.outbox.delivery import waiting

    waiting().update(due_at=timezone.now())


def report() -> None:
    from accounts.models import OutgoingMail, Tally

    acts = list(Tally.objects.filter(budget=ACT).values_list("subject", flat=True))
    rows = list(OutgoingMail.objects.values_list("message_id", "state", "body"))
    json.dump({"acts": acts, "letters": rows}, sys.stdout)


PROGRAMS = {program.__name__: program for program in (nursery, worker, writer, due, report)}

if __name__ == "__main__":
    django.setup()
    PROGRAMS[sys.argv[1]]()
