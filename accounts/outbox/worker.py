"""The loop that sends letters and keeps house, until it is told to stop.

Any number of workers may run, on any number of machines: they share nothing but the database.
"""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from accounts.housekeeping import Rota
from accounts.outbox.delivery import drain
from accounts.outbox.errors import place_of

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Worker:
    """Runs until `stop` is set; finishes the letter in hand first, so that it is not sent twice."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.rota = Rota()
        self.troubles = 0

    def run(self) -> None:
        logger.info("Sending letters.")
        while not self.stop.is_set():
            self.round()
            self.stop.wait(self.pause())
        connections.close_all()
        logger.info("Stopped.")

    def round(self) -> None:
        """Send what is due and do one piece of housekeeping. Survives whatever goes wrong."""
        try:
            close_old_connections()
            report = drain(stop=self.stop)
            if report.down:
                self.troubles += 1
                logger.warning(
                    "The mail server cannot be used: %s. Again in %d s.", report.down, self.pause()
                )
            else:
                self.troubles = 0
            self.rota.step()
        except (DatabaseError, InterfaceError) as error:
            self.troubles += 1
            connections.close_all()
            logger.error("Database trouble: %s. Again in %d s.", place_of(error), self.pause())
        except Exception as error:  # a worker that dies of one row stops all others
            self.troubles += 1
            logger.error("Unexpected: %s. Again in %d s.", place_of(error), self.pause())

    def pause(self) -> float:
        """Seconds until the next round: one if all is well, doubling with each failure in a row."""
        return min(IDLE_SECONDS * 2**self.troubles, LONGEST_PAUSE_SECONDS)
