"""Taking messages out of the outbox and to their server, each at least once and noted at once.

A worker claims one message by moving `due_at` behind a lease, hands it over, and notes the result by
a compare-and-set on that lease. Killed in between, the message falls due again by itself: delivered
twice at worst, with the same Message-ID, and never lost. One that has an end is not sent after it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import OutgoingMail
from accounts.outbox import references
from accounts.outbox.channels import LETTERS, Carrier, Channel
from accounts.outbox.compose import body_context, recipient_context
from accounts.outbox.errors import describe
from accounts.outbox.transport import TransportDown
from audit import sealing, trail
from audit.events import Event

logger = logging.getLogger(__name__)

NOTE_TRIES = 5
FINISHED_KEPT = timedelta(days=30)
TOO_LATE = "too late"


@dataclass
class Report:
    """What one round did. `failed` messages wait for their next try; `down` says why the server
    cannot be used, if so."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    down: str = ""


def waiting(channel: Channel = LETTERS) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(state=OutgoingMail.State.WAITING, channel=channel.name)


def dead(channel: Channel = LETTERS) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(state=OutgoingMail.State.DEAD, channel=channel.name)


def due(channel: Channel = LETTERS) -> QuerySet[OutgoingMail]:
    return waiting(channel).filter(due_at__lte=timezone.now()).order_by("due_at", "pk")


def lease_time(channel: Channel = LETTERS) -> timedelta:
    return channel.lease_time()


def drain(
    channel: Channel = LETTERS,
    *,
    stop: threading.Event | None = None,
    beat: Callable[[int], None] = lambda rows: None,
) -> Report:
    """Send what is due until nothing is, until `stop`, or until the server cannot be used: what was
    not sent then still waits, and no message has lost a try to the outage. `beat` is told of each."""
    carrier, report = channel.carrier(), Report()
    try:
        while not (stop and stop.is_set()):
            # Connected before a message is taken, so that an outage costs none a try.
            if not carrier.is_alive():
                if not due(channel).exists():
                    break
                carrier.open()
            row = claim(channel)
            if row is None:
                break
            _deliver(row, channel, carrier, report)
            beat(1)
    except TransportDown as error:
        report.down = str(error)
    finally:
        carrier.close()
    return report


def claim(channel: Channel = LETTERS) -> OutgoingMail | None:
    """Take the message that has been due longest, for the time of one lease; None if there is none.

    PostgreSQL hands each worker another row. SQLite, where a lock would stop the whole site, looks
    without one and lets the UPDATE decide.
    """
    if not database.features.has_select_for_update_skip_locked:
        while (row := due(channel).first()) is not None:
            if _take(row, channel):
                return row
        return None
    with transaction.atomic():
        row = due(channel).select_for_update(skip_locked=True).first()
        return row if row is not None and _take(row, channel) else None


def _take(row: OutgoingMail, channel: Channel) -> bool:
    """Make this row ours if it is still due; one winner, whoever races."""
    now = timezone.now()
    row.lease, row.due_at = secrets.token_hex(16), now + channel.lease_time()
    row.attempts += 1
    return bool(
        waiting(channel)
        .filter(pk=row.pk, due_at__lte=now)
        .update(lease=row.lease, due_at=row.due_at, attempts=F("attempts") + 1)
    )


def _deliver(row: OutgoingMail, channel: Channel, carrier: Carrier, report: Report) -> None:
    try:
        recipient = sealing.unseal(row.recipient, context=recipient_context(row)).decode()
        raw = sealing.unseal(row.body, context=body_context(row))
    except (sealing.SealBroken, UnicodeDecodeError) as error:
        _bury(row, channel, describe(error), report)
        return
    if row.attempts > channel.most_attempts:  # it took its worker down every time
        _bury(row, channel, "lease ran out", report)
        return
    # SECURITY: a code that arrives when it works no more makes people type it, and ask again.
    if _is_late(row, timezone.now()):
        _bury(row, channel, TOO_LATE, report)
        return
    try:
        carrier.send(raw, recipient, row.message_id)
    except Exception as error:  # whatever a carrier raises, the next message must have its turn
        _note_failure(row, channel, error, report)
        if isinstance(error, TransportDown):
            raise
        if channel.is_down(error):
            raise TransportDown(describe(error)) from error
        return
    _note_sent(row)
    report.sent += 1


def _is_late(row: OutgoingMail, at: datetime) -> bool:
    return row.expires_at is not None and row.expires_at <= at


def _note_sent(row: OutgoingMail) -> None:
    """Wipe the message. Tried again while the database is busy: a note that is not made is a message
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


def _note_failure(row: OutgoingMail, channel: Channel, error: Exception, report: Report) -> None:
    most = channel.most_refusals if channel.is_refusal(error) else channel.most_attempts
    pause = channel.back_off[min(row.attempts, len(channel.back_off)) - 1]
    again = timezone.now() + pause
    if row.attempts >= most or _is_late(row, again):
        _bury(row, channel, describe(error), report)
        return
    _owned(row).update(lease="", due_at=again, last_error=describe(error)[:100])
    report.failed += 1
    logger.warning(
        "%s %d (%s) not delivered: %s. Try %d, next in %d s.",
        channel.what, row.pk, row.letter, describe(error), row.attempts, pause.total_seconds(),
    )  # fmt: skip


def _bury(row: OutgoingMail, channel: Channel, why: str, report: Report) -> None:
    wiped = {} if channel.is_kept else {"body": "", "recipient": ""}
    with transaction.atomic():
        if not _finish(row, state=OutgoingMail.State.DEAD, last_error=why[:100], **wiped):
            return
        facts: dict[str, Any] = {channel.fact: row.letter, "attempts": row.attempts}
        trail.record(channel.given_up, subject=row.subject_id or None, **facts)
    report.dead += 1
    logger.error(
        "%s %d (%s) given up, try %d: %s", channel.what, row.pk, row.letter, row.attempts, why
    )


def bury_late(channel: Channel, batch: int) -> int:
    """Give up what waits still after its end, also where nobody sends any more; returns how many.

    One that a worker has in hand just now is left to it."""
    report, now = Report(), timezone.now()
    late = waiting(channel).filter(expires_at__lte=now, due_at__lte=now)
    for row in late.order_by("pk")[:batch]:
        _bury(row, channel, TOO_LATE, report)
    return report.dead


def _finish(row: OutgoingMail, **fields: str) -> int:
    return _owned(row).update(lease="", finished_at=timezone.now(), **fields)


def _owned(row: OutgoingMail) -> QuerySet[OutgoingMail]:
    """The row, unless its lease ran out and another worker has it now."""
    return OutgoingMail.objects.filter(pk=row.pk, lease=row.lease, state=OutgoingMail.State.WAITING)


def revive() -> int:
    """Let dead letters wait again with all their tries, once what killed them is mended; how many.

    One whose seal is broken for good dies again at its first."""
    with transaction.atomic():
        revived = dead().update(**_anew(timezone.now()))
        if revived:
            trail.record(Event.MAIL_RETRIED, actor=trail.OPERATOR, letters=revived, was="dead")
    return revived


def hurry(pk: int) -> str:
    """Let one message be tried at once, a dead one with all its tries; the state that it was in, or ''
    where there is nothing to try: sent, in a worker's hands, wiped, or past its end. One UPDATE or
    two, which decide."""
    now = timezone.now()
    sendable = OutgoingMail.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), pk=pk, lease=""
    ).exclude(body="")
    if sendable.filter(state=OutgoingMail.State.WAITING).update(due_at=now):
        return OutgoingMail.State.WAITING.value
    if sendable.filter(state=OutgoingMail.State.DEAD).update(**_anew(now)):
        return OutgoingMail.State.DEAD.value
    return ""


def _anew(now: datetime) -> dict[str, Any]:
    return {
        "state": OutgoingMail.State.WAITING, "attempts": 0, "due_at": now, "finished_at": None,
    }  # fmt: skip


def purge(batch: int = 500) -> int:
    """Forget one batch of messages finished longer than FINISHED_KEPT ago, and of those that nobody
    was to get; returns how many went."""
    old = OutgoingMail.objects.exclude(state=OutgoingMail.State.WAITING).filter(
        Q(finished_at__lt=timezone.now() - FINISHED_KEPT) | Q(state=OutgoingMail.State.UNWANTED)
    )
    keys = list(old.values_list("pk", flat=True)[:batch])
    references.let_go(keys)
    return old.filter(pk__in=keys).delete()[0]
