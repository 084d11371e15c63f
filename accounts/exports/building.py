"""Building the copies that were asked for: each by one worker at a time, under a lease.

A worker takes one by moving `due_at` behind its lease and renews that with every piece it stores.
Killed in between, the copy falls due again and another worker begins it anew; what the first had
written is never read. Noted as ready by a compare-and-set on the lease, so that it is ready once, and
told once.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.exports import archive
from accounts.exports.pieces import LEASE, LeaseLost, Sink, owned
from accounts.models import DataExport, DataExportPiece, User
from accounts.outbox import letters, letters_export
from accounts.outbox.errors import place_of
from audit import trail
from audit.events import Event

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
BACK_OFF = (timedelta(seconds=30), timedelta(minutes=2))
# What the page promises; with a worker that runs, seconds.
USUALLY_MINUTES = 5
# For how long it is said what became of one that failed or ran out.
TOLD_FOR = timedelta(days=30)
State = DataExport.State


class Stopped(Exception):
    """The worker was told to stop: the copy waits for the next one."""


@dataclass
class Report:
    """What one round did. `again`: those that failed and are tried again."""

    built: int = 0
    again: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.built + self.again + self.failed


def due() -> QuerySet[DataExport]:
    """What a worker may take now, the longest due first. Of somebody switched off none is made."""
    rows = DataExport.objects.filter(
        state__in=(State.WAITING, State.BUILDING),
        due_at__lte=timezone.now(),
        user__is_active=True,
    )
    return rows.order_by("due_at", "pk")


def drain(
    *,
    stop: threading.Event | None = None,
    limit: int | None = None,
    beat: Callable[[int], None] = lambda rows: None,
) -> Report:
    """Build what is due until nothing is, until `stop`, or until `limit` were taken. `beat` is told of
    each, and that it goes on."""
    report = Report()
    while not (stop and stop.is_set()) and (limit is None or report.total < limit):
        export = claim()
        if export is None:
            break
        _build(export, report, stop, beat)
        beat(1)
    return report


def claim() -> DataExport | None:
    """Take the copy that has been due longest, for the time of one lease; None if there is none. One
    winner, whoever races: the UPDATE decides."""
    if not database.features.has_select_for_update_skip_locked:
        while (export := due().first()) is not None:
            if _take(export):
                return export
        return None
    with transaction.atomic():
        export = due().select_for_update(skip_locked=True, of=("self",)).first()
        return export if export is not None and _take(export) else None


def _take(export: DataExport) -> bool:
    now = timezone.now()
    former, export.lease = export.lease, secrets.token_hex(16)
    export.state, export.due_at = State.BUILDING, now + LEASE
    export.attempts += 1
    rows = DataExport.objects.filter(
        pk=export.pk, lease=former, state__in=(State.WAITING, State.BUILDING), due_at__lte=now
    )
    return bool(
        rows.update(
            lease=export.lease, state=export.state, due_at=export.due_at, attempts=F("attempts") + 1
        )
    )


def _build(
    export: DataExport,
    report: Report,
    stop: threading.Event | None,
    beat: Callable[[int], None],
) -> None:
    if export.attempts > MOST_ATTEMPTS:  # it took its worker down every time
        _note_failure(export, report, "lease ran out")
        return
    sink = Sink(export)

    def between() -> None:
        if stop and stop.is_set():
            raise Stopped
        sink.keep_alive()
        beat(0)

    try:
        _forget_others(export)
        archive.write(export.user, sink, between=between)
        report.built += _finish(export, sink)
    except LeaseLost:
        logger.info("Copy %d is another worker's by now, or nobody's.", export.pk)
    except Stopped:
        _release(export)
    except Exception as error:  # whatever one person's data brings up, the next must have its turn
        _note_failure(export, report, place_of(error))


def _forget_others(export: DataExport) -> None:
    """What earlier leases of this copy wrote: nobody reads it."""
    DataExportPiece.objects.filter(export=export.pk).exclude(lease=export.lease).delete()


def _finish(export: DataExport, sink: Sink) -> bool:
    """It is ready, and its owner is told, both or neither."""
    now = timezone.now()
    expires_at = now + timedelta(days=settings.POLICY_EXPORT_DAYS)
    export.user.refresh_from_db()
    letter = letters_export.export_ready(
        expires_at=expires_at,
        time_zone=export.user.time_zone,
        link=reverse("account_data_export"),
        **letters.reader(export.user),
    )
    with transaction.atomic():
        _hold_person(export.user_id)
        done = owned(export).update(
            state=State.READY,
            size=sink.size,
            pieces=sink.pieces,
            finished_at=now,
            expires_at=expires_at,
        )
        if not done:
            raise LeaseLost
        trail.record(Event.EXPORT_READY, subject=export.user, bytes=sink.size)
        letter.put()
    return True


def _hold_person(pk: int) -> None:
    """To the end of the transaction: the person before their copy and their trail, as whoever asks for
    another copy or erases the account holds them, so that no two wait for each other."""
    User.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk").first()


def _release(export: DataExport) -> None:
    owned(export).update(
        state=State.WAITING, lease="", due_at=timezone.now(), attempts=F("attempts") - 1
    )


def _note_failure(export: DataExport, report: Report, why: str) -> None:
    logger.error("Copy %d could not be built, try %d: %s", export.pk, export.attempts, why)
    if export.attempts < MOST_ATTEMPTS:
        again = timezone.now() + BACK_OFF[min(export.attempts, len(BACK_OFF)) - 1]
        report.again += owned(export).update(state=State.WAITING, lease="", due_at=again)
        return
    with transaction.atomic():
        _hold_person(export.user_id)
        gone = owned(export).update(state=State.FAILED, lease="", finished_at=timezone.now())
        if gone:
            trail.record(Event.EXPORT_FAILED, subject=export.user, attempts=export.attempts)
            DataExportPiece.objects.filter(export=export.pk).delete()
    report.failed += gone


def purge(batch: int = 500) -> int:
    """Forget the pieces of a batch of copies that have run out, those of somebody switched off at once,
    and rows that have told long enough what became of them; returns how many it saw to."""
    now = timezone.now()
    over = DataExport.objects.filter(
        Q(state=State.READY, expires_at__lte=now)
        | Q(state__in=(State.WAITING, State.BUILDING, State.READY), user__is_active=False)
    )
    seen = 0
    for pk, person in list(over.values_list("pk", "user_id")[:batch]):
        with transaction.atomic():
            _hold_person(person)
            if over.filter(pk=pk).update(state=State.EXPIRED, lease="", finished_at=now):
                DataExportPiece.objects.filter(export=pk).delete()
                seen += 1
    told = DataExport.objects.filter(
        state__in=(State.FAILED, State.EXPIRED), finished_at__lt=now - TOLD_FOR
    )
    keys = list(told.values_list("pk", flat=True)[: max(0, batch - seen)])
    return seen + (
        told.filter(pk__in=keys).delete()[1].get("accounts.DataExport", 0) if keys else 0
    )
