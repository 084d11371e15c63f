"""Where a copy rests: in sealed pieces in the database, so that every web worker and machine has it and
nothing readable lies anywhere. Written and read one piece at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import DataExport, DataExportPiece
from audit import sealing
from audit.sealed import SealedColumn

PIECE_BYTES = 64 * 1024
# Of a download, between two SELECTs.
READ_AT_ONCE = 4
LEASE = timedelta(minutes=2)
RENEWED_EVERY = 20.0  # seconds


class LeaseLost(Exception):
    """Another worker has it by now, or nobody: it was replaced, its person is gone or switched off."""


class PieceMissing(Exception):
    """The copy went while it was being downloaded: run out, replaced, or its person is gone or switched
    off."""


def _context(export_id: int, lease: str, number: int) -> str:
    return f"copy {export_id} by {lease}, piece {number}"


SEALED = SealedColumn(
    "copies of people's data",
    DataExportPiece,
    "sealed",
    lambda row: _context(row.export_id, row.lease, row.number),
    reads=("export_id", "lease", "number"),
)


class Sink:
    """What a ZIP is written to: a stream that is cut into pieces, each sealed and stored at once.

    Each piece renews the lease in its own transaction, and none is stored without it: whoever took the
    copy over has the row first, or finds the piece of a lease that is not theirs and is never read."""

    def __init__(self, export: DataExport) -> None:
        self.export = export
        self.size = self.pieces = 0
        self._held = bytearray()
        self._renewed = time.monotonic()

    def write(self, data: bytes) -> int:
        self._held += data
        self.size += len(data)
        while len(self._held) >= PIECE_BYTES:
            self._store(bytes(self._held[:PIECE_BYTES]))
            del self._held[:PIECE_BYTES]
        return len(data)

    def flush(self) -> None:
        """Pieces are whole; the rest is stored at the end."""

    def close(self) -> None:
        if self._held:
            self._store(bytes(self._held))
            self._held.clear()

    def keep_alive(self) -> None:
        """Renew the lease where much is read and little written. One UPDATE, now and then."""
        if time.monotonic() - self._renewed >= RENEWED_EVERY:
            self._renew()

    def _store(self, piece: bytes) -> None:
        context = _context(self.export.pk, self.export.lease, self.pieces)
        row = DataExportPiece(
            export=self.export,
            lease=self.export.lease,
            number=self.pieces,
            sealed=sealing.seal(piece, context=context),
        )
        with transaction.atomic():
            self._renew()
            row.save(force_insert=True)
        self.pieces += 1

    def _renew(self) -> None:
        if not owned(self.export).update(due_at=timezone.now() + LEASE):
            raise LeaseLost
        self._renewed = time.monotonic()


def owned(export: DataExport) -> QuerySet[DataExport]:
    """The row, while the lease is this one's and its person may have a copy."""
    return DataExport.objects.filter(
        pk=export.pk,
        lease=export.lease,
        state=DataExport.State.BUILDING,
        user__is_active=True,
    )


def read(export: DataExport) -> Iterator[bytes]:
    """What was built, piece by piece. Raises PieceMissing, SealBroken. Whether it may still be had is
    asked anew every few pieces: a slow download ends with the copy."""
    for start in range(0, export.pieces, READ_AT_ONCE):
        stop = min(start + READ_AT_ONCE, export.pieces)
        rows = DataExportPiece.objects.filter(
            export=export.pk,
            lease=export.lease,
            number__gte=start,
            number__lt=stop,
            export__state=DataExport.State.READY,
            export__expires_at__gt=timezone.now(),
            export__user__is_active=True,
        )
        found = list(rows.order_by("number").values_list("number", "sealed"))
        if [number for number, _sealed in found] != list(range(start, stop)):
            raise PieceMissing
        for number, sealed in found:
            yield sealing.unseal(sealed, context=_context(export.pk, export.lease, number))
