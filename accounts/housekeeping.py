"""What the worker tidies up between letters, in small batches, so that no letter waits long and
SQLite's one write lock is never held long."""

from __future__ import annotations

import logging
import secrets
import time
from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import jobs
from accounts.lockout.limits import KNOWN_DEVICES, STRANGERS
from accounts.models import Session, Tally
from accounts.outbox.errors import place_of
from audit import trail

logger = logging.getLogger(__name__)

BATCH = 500
EVERY_SECONDS = 600.0
# Longer than any window that a budget counts in.
TALLIES_KEPT = timedelta(days=2)
# What failed in a row is never forgotten by time (NIST SP 800-63B-4 3.2.2 counts without a window),
# of names that nobody has no more than of others: one that came back would tell.
STREAKS = (KNOWN_DEVICES, STRANGERS)

# Dotted names of `job(batch) -> rows seen to`; a job that fills its batch is called again at once.
# Those of higher rooms stand in settings.HOUSEKEEPING.
PERIODIC = [
    "accounts.housekeeping.purge_sessions",
    "accounts.unsent.purge",
    "accounts.housekeeping.purge_tallies",
    "accounts.housekeeping.purge_attempts",
    "accounts.housekeeping.forget_addresses",
    "accounts.activity.answers.purge",
    "accounts.known_devices.devices.purge",
    "accounts.flows.unlock.purge",
    "accounts.flows.proofs.purge",
    "accounts.flows.usernames.purge",
    "accounts.flows.sent_codes.purge",
    "accounts.flows.approvals.purge",
    "accounts.flows.staff_ends.end_due",
    "accounts.flows.staff_ends.tell_due",
    "accounts.undo.sets.purge",
    "accounts.flows.limits.loosen_due",
    "accounts.botcheck.spent.purge",
    "accounts.botcheck.held.purge",
    "accounts.outbox.delivery.purge",
    "accounts.outbox.references.purge",
    "accounts.texts.channel.purge",
    "accounts.flows.erasing.erase_due",
    "accounts.exports.building.purge",
    "audit.chain.segments.close",
    "audit.chain.segments.tell",
    "audit.chain.segments.prune_due",
    "audit.chain.segments.examine",
    "audit.counting.purge",
    "audit.alerts.keeping.purge",
    "audit.watch.gauges.sample",
    "audit.watch.failures.note",
]

# What somebody who has just started the site waits for: they ask for little where there is little.
AT_ONCE = ["audit.watch.gauges.sample"]


class Rota:
    """Whose turn it is. Starts at a random moment, so that several workers do not march in step, but
    for what is AT_ONCE."""

    def __init__(self, names: list[str] | None = None) -> None:
        self.jobs = [*PERIODIC, *settings.HOUSEKEEPING] if names is None else names
        # When a job began whose batches are full so far, and their rows.
        self._under_way: dict[str, tuple[datetime, int]] = {}
        now = time.monotonic()
        self.begin_at(now + 1 + secrets.randbelow(60))
        self._next |= {name: now for name in AT_ONCE if name in self.jobs}

    def begin_at(self, moment: float) -> None:
        """Let every job be due from `moment` of the monotonic clock."""
        self._next = dict.fromkeys(self.jobs, moment)

    def step(self) -> None:
        """Run one batch of the job that has been due longest, if any is. A job that fails says so
        in the log each time and holds up no other."""
        name = min(self._next, key=self._next.__getitem__, default=None)
        now = time.monotonic()
        if name is None or self._next[name] > now:
            return
        self._next[name] = now + EVERY_SECONDS
        began, so_far = self._under_way.pop(name, (timezone.now(), 0))
        try:
            done = import_string(name)(BATCH)
        except Exception as error:
            logger.error("Housekeeping failed: %s: %s", name, place_of(error))
            jobs.failed(name, place_of(error))
            return
        if done:
            logger.info("Housekeeping: %s, %d rows.", name, done)
        if done >= BATCH:
            self._next[name] = now
            self._under_way[name] = began, so_far + done
        else:
            jobs.ended(name, began, so_far + done)


def purge_sessions(batch: int) -> int:
    return purge(Session.objects.filter(expires_at__lt=timezone.now()), batch)


def spent_tallies() -> QuerySet[Model]:
    """Counts that no limit looks at any more."""
    old = Tally.objects.exclude(budget__in=STREAKS, count__gt=0)
    return old.filter(started_at__lt=timezone.now() - TALLIES_KEPT)


def spent_attempts() -> QuerySet[Model]:
    """Failed sign-ins that no limit counts any more."""
    window = timedelta(minutes=settings.POLICY_FAILURE_WINDOW_MINUTES)
    return AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - window)


# What the limits leave behind (`manage.py auth_attempts purge`).
SPENT = (spent_attempts, spent_tallies)


def counted() -> int:
    """How many rows the limits have now."""
    return AccessAttempt.objects.count() + Tally.objects.count()


def purge_tallies(batch: int) -> int:
    return purge(spent_tallies(), batch)


def purge_attempts(batch: int) -> int:
    return purge(spent_attempts(), batch)


def forget_addresses(batch: int) -> int:
    """Full addresses in the trail, and what strangers' entries say: a whole month at once, when the
    last of it is old enough (docs/decisions/0001). Few rows, whatever `batch` is."""
    return trail.forget_months_before(timezone.now() - timedelta(days=settings.POLICY_ADDRESS_DAYS))


def purge(rows: QuerySet[Model], batch: int) -> int:
    """Delete at most `batch` of `rows`; a row renewed meanwhile no longer matches and stays. In one
    statement: nothing hangs on such rows, and fetched first they would go by their key alone."""
    keys = list(rows.values_list("pk", flat=True)[:batch])
    return rows.filter(pk__in=keys)._raw_delete(rows.db) if keys else 0
