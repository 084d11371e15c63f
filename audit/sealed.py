"""What lies sealed under FIELD_KEYS, and what was made with its last key.

The module that seals a column, or keeps a keyed digest, describes it in one object beside that code,
so that a context is written once. `settings.SEALED_VALUES` and `settings.KEYED_DIGESTS` name these
objects; a test fails on a seal or a digest that none of them covers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Model, QuerySet, Value
from django.db.models.functions import StrIndex, Substr
from django.utils.module_loading import import_string

from audit import sealing


@dataclass(frozen=True)
class SealedColumn:
    """A text column of what `sealing.seal` made, or of nothing.

    `what` names its values to an operator, in the plural. `context` says of a row what its value is
    bound to, and looks at the primary key and the columns in `reads` alone."""

    what: str
    model: type[Model]
    column: str
    context: Callable[[Any], str]
    reads: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}"

    def values(self) -> QuerySet[Any]:
        """The rows that hold a value, each with the beginning of it up to its colon.

        Not by LIKE, for which SQLite takes the keys `k1` and `K1` for one."""
        key_id = Substr(self.column, 1, StrIndex(self.column, Value(":")))
        rows = self.model._base_manager.exclude(**{f"{self.column}__isnull": True})
        return rows.exclude(**{self.column: ""}).annotate(sealed_under=key_id)

    def stale(self) -> QuerySet[Any]:
        """The rows whose value is sealed under another key than what is sealed now."""
        return self.values().exclude(sealed_under=f"{sealing.active_key_id()}:")

    def census(self) -> Counter[str]:
        """How many values each key seals, by its id; nothing is opened. What has no colon, and so is
        no sealed value, counts under an empty id. One SELECT over the whole table."""
        counted = self.values().order_by().values_list("sealed_under").annotate(Count("pk"))
        found: Counter[str] = Counter()
        for key_id, count in counted:
            found[key_id[:-1]] += count
        return found

    def replace(self, row: Model, fresh: str) -> bool:
        """Put `fresh` in the place of the value that `row` was read with. False if it has changed or
        gone meanwhile: what somebody else wrote stays. One UPDATE."""
        seen = {self.column: getattr(row, self.column)}
        rows = self.model._base_manager.filter(pk=row.pk, **seen)
        return bool(rows.update(**{self.column: fresh}))


@dataclass(frozen=True)
class KeyedDigests:
    """What `sealing.keyed_digest` made for these `purposes` (or beginnings of them). It can not be
    made again, because what was digested is not kept. `lost` says what its key takes with it;
    `rows` hold it, unless it is not stored at all."""

    what: str
    purposes: tuple[str, ...]
    lost: str
    rows: Callable[[], QuerySet[Any]] | None = None

    def count(self) -> int | None:
        """How many there are; None where that is not known."""
        return self.rows().count() if self.rows else None


def sealed_columns() -> list[SealedColumn]:
    return [import_string(name) for name in settings.SEALED_VALUES]


def keyed_digests() -> list[KeyedDigests]:
    return [import_string(name) for name in settings.KEYED_DIGESTS]


def census() -> dict[SealedColumn, Counter[str]]:
    """How many values each key seals, column by column."""
    return {column: column.census() for column in sealed_columns()}
