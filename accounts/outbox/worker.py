"""The loops that send letters and texts, keep house, build copies of people's data, chain the trail,
look for what is alarming and read the trail again, until they are told to stop.

Any number of workers may run, on any number of machines: they share nothing but the database.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils import timezone

from accounts import alert_webhook, jobs
from accounts.exports import building
from accounts.housekeeping import Rota
from accounts.jobs import Pulse
from accounts.management.alone import Busy, alone
from accounts.models import OutgoingMail
from accounts.outbox.channels import LETTERS, Channel
from accounts.outbox.delivery import drain
from accounts.outbox.errors import place_of
from accounts.texts.channel import TEXTS
from audit.alerts import keeping, telling
from audit.chain import checking, linking
from audit.chain.remembering import End

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# Looked at once a minute (audit/alerts/keeping.py), told within half a minute more.
WATCHED_SECONDS = 30.0
# Not at once: who starts a site, or all of its workers anew, waits for other things.
FIRST_LOOK_SECONDS = 60, 300
LOOK_EVERY_SECONDS, AGAIN_SECONDS = 600.0, 43_200.0
JOBS = {OutgoingMail.Channel.LETTER: jobs.LETTERS, OutgoingMail.Channel.TEXT: jobs.TEXTS}


def channels() -> list[Channel]:
    """Letters always; texts where somebody carries them."""
    return [LETTERS, TEXTS] if settings.TEXT_TRANSPORT else [LETTERS]


def work(stop: threading.Event) -> None:
    """Until `stop`: each channel in a loop of its own. A mail server that lets us wait must not hold
    a code back until it has run out, nor the other way about; nor must somebody's long history."""
    loops: list[Loop] = [Worker(stop, one) for one in channels()[1:]]
    loops += [Builder(stop), Chainer(stop), Watcher(stop), Checker(stop)]
    others = [threading.Thread(target=one.run) for one in loops]
    for thread in others:
        thread.start()
    Worker(stop).run()
    for thread in others:
        thread.join()


class Loop:
    """Takes a turn, and another, until `stop` is set; finishes the turn in hand first."""

    begins = ""
    job = ""  # what it is called among the jobs (accounts/jobs.py)

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.troubles = 0
        self.pulse = Pulse(self.job)

    def turn(self) -> None:
        raise NotImplementedError

    def run(self) -> None:
        logger.info(self.begins)
        while not self.stop.is_set():
            self.round()
            self.stop.wait(self.pause())
        connections.close_all()
        logger.info("Stopped.")

    def round(self) -> None:
        """One turn. Survives whatever goes wrong."""
        try:
            close_old_connections()
            self.turn()
            if not self.troubles:
                self.pulse.beat()
        except (DatabaseError, InterfaceError) as error:
            self.troubles += 1
            connections.close_all()
            self.pulse.stumble(place_of(error))
            logger.error("Database trouble: %s. Again in %d s.", place_of(error), self.pause())
        except Exception as error:  # a worker that dies of one row stops all others
            self.troubles += 1
            self.pulse.stumble(place_of(error))
            logger.error("Unexpected: %s. Again in %d s.", place_of(error), self.pause())

    def pause(self) -> float:
        """Seconds until the next round: one if all is well, doubling with each failure in a row."""
        return min(IDLE_SECONDS * 2**self.troubles, LONGEST_PAUSE_SECONDS)


class Worker(Loop):
    """Sends what is due of one channel; a message in hand is not sent twice. The one that sends letters
    keeps house too."""

    def __init__(self, stop: threading.Event, channel: Channel = LETTERS) -> None:
        self.job = JOBS[channel.name]
        super().__init__(stop)
        self.channel = channel
        self.begins = f"Sending {channel.what.lower()}s."
        self.rota = Rota(None if channel is LETTERS else [])

    def turn(self) -> None:
        report = drain(self.channel, stop=self.stop, beat=self.pulse.beat)
        if report.down:
            self.troubles += 1
            self.pulse.stumble(report.down)
            logger.warning(
                "%s cannot be used: %s. Again in %d s.",
                self.channel.server, report.down, self.pause(),
            )  # fmt: skip
        else:
            self.troubles = 0
        self.rota.step()


class Builder(Loop):
    """Builds the copies of their data that people asked for (accounts/exports)."""

    begins = "Building copies of people's data."
    job = jobs.COPIES

    def turn(self) -> None:
        building.drain(stop=self.stop, beat=self.pulse.beat)
        self.troubles = 0


class Chainer(Loop):
    """Gives the entries of the trail their places (audit/chain): within a second or so, because one
    that has none yet can be taken away unnoticed."""

    begins = "Chaining the trail."
    job = jobs.TRAIL

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(stop)
        self.end = End()

    def turn(self) -> None:
        self.end.look()
        while (placed := linking.link()) and not self.stop.is_set():
            self.end.look()
            self.pulse.beat(placed)
        self.troubles = 0


class Watcher(Loop):
    """Looks whether a rule finds something, and writes the letter about it (audit/alerts)."""

    begins = "Looking for what is alarming."
    job = jobs.ALERTS

    def turn(self) -> None:
        try:
            if keeping.is_due(timezone.now()):
                self.pulse.beat(len(keeping.look().opened))
        finally:  # what was found before is told, also while looking fails
            telling.tell()
            alert_webhook.call()
        self.troubles = 0

    def pause(self) -> float:
        return super().pause() if self.troubles else WATCHED_SECONDS


class Checker(Loop):
    """Reads the whole trail from time to time (audit/chain/checking.py), one worker at a time: beside
    the others, because it may take an hour."""

    begins = "Verifying the trail now and then."
    job = jobs.CHECKS

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(stop)
        first, spread = FIRST_LOOK_SECONDS
        self.look_at = time.monotonic() + first + secrets.randbelow(spread)

    def turn(self) -> None:
        if time.monotonic() < self.look_at:
            return
        self.look_at = time.monotonic() + LOOK_EVERY_SECONDS
        with suppress(Busy, checking.Stopped), alone("trail_check"):
            if checking.is_due(timezone.now()):
                result = checking.run(self._wait)
                self.pulse.beat(result.verified)
                # Where it is due again at once, somebody sees to that.
                self.look_at = time.monotonic() + AGAIN_SECONDS
        self.troubles = 0

    def _wait(self, seconds: float) -> None:
        self.pulse.beat()
        if self.stop.wait(seconds):
            raise checking.Stopped
