"""Moving every sealed value to the key that seals now, so that an older one can be taken away.

One value at a time: read in batches, opened and sealed outside of any transaction, and put in the
place of the one that was read by a single UPDATE. Nothing is held between two of them, so the site
goes on, and an interrupt at any moment leaves each value whole under the one key or the other. What
is done is seen in the values themselves: a later run takes up what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from audit import sealing, trail
from audit.events import Event
from audit.sealed import SealedColumn, sealed_columns

BATCH = 500


class Resealing:
    """One run over all registered columns. Its counts are right at any moment, also when it was
    interrupted."""

    def __init__(
        self,
        *,
        batch: int = BATCH,
        limit: int | None = None,
        dry_run: bool = False,
        told: Callable[[Resealing], None] = lambda run: None,
        broken: Callable[[SealedColumn, Any], None] = lambda column, pk: None,
    ) -> None:
        """`limit` is the most that are moved. `told` hears after each value, `broken` of each that
        does not open. With `dry_run` all are opened, and nothing is written."""
        self.batch, self.limit, self.dry_run = batch, limit, dry_run
        self.told, self.broken = told, broken
        self.resealed = self.failed = 0
        self.overtaken = 0  # changed or gone meanwhile: whoever did it has sealed what is there now
        self.limited = False

    @property
    def looked_at(self) -> int:
        return self.resealed + self.failed + self.overtaken

    def run(self) -> None:
        """Go through all of them. Whatever ends it, one line of the trail says what was done.

        Raises SealBroken when the trail cannot be written: the key of this month does not open."""
        outcome = "interrupted"
        try:
            self._all()
            outcome = "partly" if self.failed or self.limited else "done"
        finally:
            if not self.dry_run and (self.resealed or self.failed):
                trail.record(
                    Event.KEYS_ROTATED,
                    actor=trail.OPERATOR,
                    key=sealing.active_key_id()[:60],
                    resealed=self.resealed,
                    failed=self.failed,
                    outcome=outcome,
                )

    def _all(self) -> None:
        for column in sealed_columns():
            for row in self._stale(column):
                if self.limit is not None and self.resealed >= self.limit:
                    self.limited = True
                    return
                self._move(column, row)
                self.told(self)

    def _stale(self, column: SealedColumn) -> Iterator[Any]:
        """By primary key, a batch a SELECT, whatever becomes of the rows meanwhile."""
        rows = column.stale().order_by("pk").only("pk", column.column, *column.reads)
        found = list(rows[: self.batch])
        while found:
            yield from found
            found = list(rows.filter(pk__gt=found[-1].pk)[: self.batch])

    def _move(self, column: SealedColumn, row: Any) -> None:
        try:
            fresh = sealing.resealed(getattr(row, column.column), context=column.context(row))
        except sealing.SealBroken:
            self.failed += 1
            self.broken(column, row.pk)
            return
        if self.dry_run or column.replace(row, fresh):
            self.resealed += 1
        else:
            self.overtaken += 1
