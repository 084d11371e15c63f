"""The writer of the kill test, which stands for a web process: acts that leave a letter and a row of
the trail, each in one transaction; now and then an act is not done after all."""

from __future__ import annotations

import os
import random

from django.db import transaction
from django.utils import timezone

from accounts.models import Tally
from accounts.outbox import letters
from audit import trail
from audit.events import Event

ACT = "kill-test"


class Undone(Exception):
    """The act is not done after all, nor its letter and its row."""


def act_for_each_byte(pipe: str) -> None:
    """One act for each byte in the pipe."""
    acts = os.open(pipe, os.O_RDONLY)
    while os.read(acts, 1):
        letter = letters.no_account(to="sam@example.org", language="en")
        try:
            with transaction.atomic():
                letter.put()
                # Of now: what is old the worker tidies away.
                Tally.objects.create(
                    budget=ACT, subject=letter.message_id, count=1, started_at=timezone.now()
                )
                trail.record(Event.UNLOCK_REQUESTED, label=letter.message_id)
                if random.random() < 0.2:
                    raise Undone
        except Undone:
            continue
