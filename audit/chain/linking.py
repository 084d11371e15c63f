"""Gives entries their places in the chain: the worker's part, so that whoever writes an entry waits
for nobody.

Places are given in the order in which entries are found, which is nearly that of their numbers: on
PostgreSQL an entry may be committed after one with a higher number.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from audit import counting
from audit.chain import ending, notes, rows, seals
from audit.models import Entry, Segment

logger = logging.getLogger("audit.chain")

BATCH = 1_000
FOREIGN = "Entry %d of the trail was not written by this site."
TOO_OLD = (
    "Entry %d of the trail is older than what was pruned: it was put in again, or the clock of this"
    " machine went back."
)
_WAITING = "SELECT id, {said} FROM audit_entry WHERE sequence IS NULL ORDER BY id LIMIT %s"
# Another entry with the same mac says the same at the same moment: one of them is a copy. That is the
# one without a place, whatever number it was given; of two without, the one that came later.
_COPIES = (
    "SELECT DISTINCT one.id FROM audit_entry one JOIN audit_entry other"
    " ON other.at = one.at AND other.mac = one.mac AND other.id <> one.id"
    " AND (other.sequence IS NOT NULL OR other.id < one.id)"
    " WHERE one.id IN ({marks})"
)
_PLACE = "UPDATE audit_entry SET sequence = %s, seal = %s WHERE id = %s"


@dataclass(frozen=True)
class Waiting:
    """An entry without a place. `said` are the values of `seals.COLUMNS`."""

    id: int
    mac: bytes
    said: Sequence[Any]


def link(batch: int = BATCH) -> int:
    """Give at most `batch` entries their places and count ours by the hour, in one transaction; returns
    how many. Any number of workers may call it: one at a time adds to the chain.

    An entry whose mac does not hold gets its place as well, marked for ever as not ours: left out, it
    could be taken away again, and would stand in the way of those behind it. It is not counted: what
    its columns hold nobody checked.

    SECURITY: nor is one ours that says it is older than what was pruned. Its mac holds, but what it may
    be a copy of is gone. One of ours says so only where the clock went back by all that time."""
    if not Entry.objects.filter(sequence=None).exists():
        return 0
    with transaction.atomic():
        head = ending.locked()
        waiting = _waiting(batch)
        if not waiting:
            return 0
        key = seals.keys_of(seals.obtained_key())
        copied = _copies([entry.id for entry in waiting])
        gone = _gone_until(key)
        before = seals.as_bytes(head.seal) if head.seal else seals.NOTHING_BEFORE
        placed, counted, foreign = [], [], []
        for sequence, entry in enumerate(waiting, start=head.sequence + 1):
            holds = entry.id not in copied and seals.mac(key.entries, entry.said) == entry.mac
            old = holds and gone is not None and seals.written(entry.said[1]) <= gone
            ours = holds and not old
            before = seals.chained(key.links, before, sequence, entry.id, entry.mac, ours=ours)
            placed.append((sequence, before.hex(), entry.id))
            if ours:
                happened = dict(zip(seals.COLUMNS, entry.said, strict=True))
                counted.append(happened | {"at": seals.written(happened["at"])})
            else:
                foreign.append((TOO_OLD if old else FOREIGN, sequence))
        with connection.cursor() as cursor:
            cursor.executemany(_PLACE, placed)
        ending.moved(placed[-1][0], placed[-1][1])
        counting.add(counted)
    for said, sequence in foreign:
        logger.critical(said, sequence)
    return len(placed)


def _gone_until(keys: seals.Keys) -> datetime | None:
    """When the newest of what was pruned was written; None where nothing was."""
    pruned = notes.newest(keys, Segment.objects.exclude(pruned_at=None))
    return pruned.ended_at if pruned else None


def _waiting(batch: int) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING.format(said=rows.columns()), [batch])
        read = rows.reader()
        return [Waiting(id, *read(said)) for id, *said in cursor.fetchall()]


def _copies(ids: list[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(_COPIES.format(marks=", ".join(["%s"] * len(ids))), ids)
        return {id for (id,) in cursor.fetchall()}
