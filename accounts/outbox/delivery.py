"""Taking letters out of the outbox and to the mail server, each at least once and noted at once.

A worker claims one letter by moving `due_at` behind a lease, hands it over, and notes the result by
a compare-and-set on that lease. Killed in between, the letter falls due again by itself: delivered
twice at worst, with the same Message-ID, and never lost.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
import threading
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import OutgoingMail
from accounts.outbox.compose import body_context, recipient_context
from accounts.outbox.errors import describe, smtp_code
from accounts.outbox.transport import Transport, TransportDown
from audit import sealing, trail
from audit.events import Event

logger = logging.getLogger(__name__)

# After the first, second … failure; the last one for all further ones. In all a day and a half.
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 6 * 3600))
MOST_ATTEMPTS = 10
# A server that says 5xx means no (RFC 5321 4.2.1); greylists and mended mailboxes get two chances.
MOST_REFUSALS = 3
NOTE_TRIES = 5
FINISHED_KEPT = timedelta(days=30)


@dataclass
class Report:
    """What one round did. `failed` letters wait for their next try; `down` says why the mail server
    cannot be used, if so."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    down: str = ""


def waiting() -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(state=OutgoingMail.State.WAITING)


def dead() -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(state=OutgoingMail.State.DEAD)


def due() -> QuerySet[OutgoingMail]:
    return waiting().filter(due_at__lte=timezone.now()).order_by("due_at", "pk")


def lease_time() -> timedelta:
    """Longer than any send: the five answers a letter waits for, and one to spare."""
    return timedelta(seconds=6 * (settings.EMAIL_TIMEOUT or 20))


def drain(*, stop: threading.Event | None = None) -> Report:
    """Send what is due until nothing is, until `stop`, or until the mail server cannot be used:
    what was not sent then still waits, and no letter has lost a try to the outage."""
    transport, report = Transport(), Report()
    try:
        while not (stop and stop.is_set()):
            # Connected before a letter is taken, so that an outage costs no letter a try.
            if not transport.is_alive():
                if not due().exists():
                    break
                transport.open()
            row = claim()
            if row is None:
                break
            _deliver(row, transport, report)
    except TransportDown as error:
        report.down = str(error)
    finally:
        transport.close()
    return report


def claim() -> OutgoingMail | None:
    """Take the letter that has been due longest, for the time of one lease; None if there is none.

    PostgreSQL hands each worker another row. SQLite, where a lock would stop the whole site, looks
    without one and lets the UPDATE decide.
    """
    if not database.features.has_select_for_update_skip_locked:
        while (row := due().first()) is not None:
            if _take(row):
                return row
        return None
    with transaction.atomic():
        row = due().select_for_update(skip_locked=True).first()
        return row if row is not None and _take(row) else None


def _take(row: OutgoingMail) -> bool:
    """Make this row ours if it is still due; one winner, whoever races."""
    now = timezone.now()
    row.lease, row.due_at = secrets.token_hex(16), now + lease_time()
    row.attempts += 1
    return bool(
        waiting()
        .filter(pk=row.pk, due_at__lte=now)
        .update(lease=row.lease, due_at=row.due_at, attempts=F("attempts") + 1)
    )


def _deliver(row: OutgoingMail, transport: Transport, report: Report) -> None:
    try:
        recipient = sealing.unseal(row.recipient, context=recipient_context(row)).decode()
        raw = sealing.unseal(row.body, context=body_context(row))
    except (sealing.SealBroken, UnicodeDecodeError) as error:
        _bury(row, describe(error), report)
        return
    if row.attempts > MOST_ATTEMPTS:  # it took its worker down every time
        _bury(row, "lease ran out", report)
        return
    try:
        transport.send(raw, recipient)
    except Exception as error:  # whatever a transport raises, the next letter must have its turn
        _note_failure(row, error, report)
        if _connection_is_lost(error):
            raise TransportDown(describe(error)) from error
        return
    _note_sent(row)
    report.sent += 1


def _note_sent(row: OutgoingMail) -> None:
    """Wipe the letter. Tried again while the database is busy: a note that is not made is a letter
    sent twice."""
    for remaining in reversed(range(NOTE_TRIES)):
        try:
            _finish(row, state=OutgoingMail.State.SENT, body="", recipient="", last_error="")
            return
        except (OperationalError, InterfaceError):
            if not remaining:
                raise
            close_old_connections()
            threading.Event().wait(0.2 * (NOTE_TRIES - remaining))


def _note_failure(row: OutgoingMail, error: Exception, report: Report) -> None:
    most = MOST_REFUSALS if _is_refusal(error) else MOST_ATTEMPTS
    if row.attempts >= most:
        _bury(row, describe(error), report)
        return
    pause = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    _owned(row).update(lease="", due_at=timezone.now() + pause, last_error=describe(error)[:100])
    report.failed += 1
    logger.warning(
        "Letter %d (%s) not delivered: %s. Try %d, next in %d s.",
        row.pk, row.letter, describe(error), row.attempts, pause.total_seconds(),
    )  # fmt: skip


def _bury(row: OutgoingMail, why: str, report: Report) -> None:
    with transaction.atomic():
        if not _finish(row, state=OutgoingMail.State.DEAD, last_error=why[:100]):
            return
        trail.record(
            Event.MAIL_DEAD,
            subject=row.subject_id or None,
            letter=row.letter,
            attempts=row.attempts,
        )
    report.dead += 1
    logger.error("Letter %d (%s) given up, try %d: %s", row.pk, row.letter, row.attempts, why)


def _finish(row: OutgoingMail, **fields: str) -> int:
    return _owned(row).update(lease="", finished_at=timezone.now(), **fields)


def _owned(row: OutgoingMail) -> QuerySet[OutgoingMail]:
    """The row, unless its lease ran out and another worker has it now."""
    return waiting().filter(pk=row.pk, lease=row.lease)


def revive() -> int:
    """Let dead letters wait again with all their tries, once what killed them is mended; how many.

    One whose seal is broken for good dies again at its first."""
    return dead().update(
        state=OutgoingMail.State.WAITING, attempts=0, due_at=timezone.now(), finished_at=None
    )


def purge(batch: int = 500) -> int:
    """Forget one batch of letters finished longer than FINISHED_KEPT ago, and of those that nobody
    was to get; returns how many went."""
    old = OutgoingMail.objects.exclude(state=OutgoingMail.State.WAITING).filter(
        Q(finished_at__lt=timezone.now() - FINISHED_KEPT) | Q(state=OutgoingMail.State.UNWANTED)
    )
    return old.filter(pk__in=list(old.values_list("pk", flat=True)[:batch])).delete()[0]


def _is_refusal(error: Exception) -> bool:
    """The server's lasting no to this recipient or content. A refused sender is our setting, and
    says nothing about the letter."""
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        return smtp_code(error) >= 500
    return isinstance(error, ValueError)  # no address, as far as the transport can tell


def _connection_is_lost(error: Exception) -> bool:
    """Whether the connection is of no more use: closed, timed out, or 421 (RFC 5321 3.8)."""
    answered = isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)
    return isinstance(error, OSError) and (not answered or smtp_code(error) == 421)
