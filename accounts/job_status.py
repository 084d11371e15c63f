"""What the worker has to do, in words; when it last did, and whether it is late with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import panels
from accounts.housekeeping import PERIODIC
from accounts.jobs import ALERTS, CHECKS, COPIES, LETTERS, TEXTS, TRAIL
from accounts.models import JobRun

LOOPS: dict[str, str | Promise] = {
    LETTERS: _("Send letters"),
    TEXTS: _("Send texts"),
    COPIES: _("Build the copies of their data that people asked for"),
    TRAIL: _("Chain the trail"),
    ALERTS: _("Look for what is alarming"),
    CHECKS: _("Read the whole trail from time to time, and say whether it holds"),
}
# A loop notes each message, which may take its server some minutes.
LOOP_LATE = timedelta(minutes=10)
# Three times the ten minutes after which a job of the housekeeping is due again.
JOB_LATE = timedelta(minutes=30)


class State(models.TextChoices):
    ON_TIME = "on_time", _("On time")
    NOT_YET = "not_yet", _("Not yet")
    LATE = "late", _("Late")
    FAILING = "failing", _("Failing")


@dataclass(frozen=True)
class Status:
    """One job. `run` is None where it has never run."""

    name: str
    what: str | Promise
    run: JobRun | None
    state: State

    @property
    def is_well(self) -> bool:
        return self.state in (State.ON_TIME, State.NOT_YET)


def expected() -> list[str]:
    """The names of all that a worker has to do here."""
    loops = [name for name in LOOPS if name != TEXTS or settings.TEXT_TRANSPORT]
    return [*loops, *PERIODIC, *settings.HOUSEKEEPING]


def statuses(now: datetime | None = None) -> list[Status]:
    """How it stands with each. One SELECT."""
    now = now or timezone.now()
    runs = {run.name: run for run in JobRun.objects.all()}
    since = min((run.first_at for run in runs.values()), default=None)
    return [
        Status(name, called(name), runs.get(name), _state(name, runs.get(name), since, now))
        for name in expected()
    ]


def called(name: str) -> str | Promise:
    return LOOPS.get(name) or panels.job_called(name)


def _state(name: str, run: JobRun | None, since: datetime | None, now: datetime) -> State:
    """One that has never run is late once a worker has been about for long enough: or never was."""
    if run is not None and run.failed_at and (run.ended_at is None or run.failed_at > run.ended_at):
        return State.FAILING
    last = run.ended_at if run is not None else None
    reference = last or since
    if reference is None or now - reference > (LOOP_LATE if name in LOOPS else JOB_LATE):
        return State.LATE
    return State.ON_TIME if last else State.NOT_YET
