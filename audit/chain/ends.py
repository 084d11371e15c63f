"""The ends of a stretch of the chain, and when what stands there was written, as far as the chain
itself proves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from audit import texts
from audit.chain import rows, seals
from audit.chain.seals import Keys
from audit.models import Entry, Segment

CHUNK = 5_000
_NEAREST = (
    "SELECT sequence, id, {seal}, {said} FROM audit_entry"
    " WHERE {placed} AND sequence {bound} LIMIT 1"
)
_STRETCH = (
    "SELECT sequence, id, {seal}, {said} FROM audit_entry"
    " WHERE {placed} AND sequence > %s AND sequence <= %s ORDER BY sequence LIMIT %s"
)


@dataclass(frozen=True)
class End:
    """An entry and its place. `at` is None where its mac or its seal does not say that this site wrote
    it there: what stands in that column then is anybody's word."""

    sequence: int
    seal: str
    at: datetime | None


def first(keys: Keys, place: int) -> End | None:
    """The entry at `place`, or the nearest behind it."""
    return _end(keys, ">= %s ORDER BY sequence", place)


def last(keys: Keys, place: int) -> End | None:
    """The entry at `place`, or the nearest before it."""
    return _end(keys, "<= %s ORDER BY sequence DESC", place)


def _end(keys: Keys, bound: str, place: int) -> End | None:
    """Three SELECTs at most."""
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST.format(**_asked(), bound=bound), [place])
        found = cursor.fetchone()
    if found is None:
        return None
    sequence, id, sealed, *values = found
    seal = texts.read(sealed) or ""
    mac, said = rows.reader()(values)
    before = seal_before(sequence)
    is_ours = (
        before is not None
        and seals.mac(keys.entries, said) == mac
        and seals.chained(keys.links, before, sequence, id, mac, ours=True).hex() == seal
    )
    return End(sequence, seal, seals.written(said[1]) if is_ours else None)


def _asked() -> dict[str, str]:
    return {"said": rows.columns(), "placed": rows.placed(), "seal": texts.asked("seal")}


def newest(keys: Keys, before: str, first: int, last: int) -> datetime | None:
    """When the newest of the entries `first` to `last` was written; None where one of them is missing,
    or is not proved. `before` is the seal before them. Reads them all, CHUNK at a time."""
    at, read = "", rows.reader()
    seal, place = seals.as_bytes(before) or seals.NOTHING_BEFORE, first - 1
    while place < last:
        with connection.cursor() as cursor:
            cursor.execute(_STRETCH.format(**_asked()), [place, last, CHUNK])
            page = cursor.fetchall()
        for sequence, id, sealed, *values in page:
            mac, said = read(values)
            place += 1
            if sequence != place or seals.mac(keys.entries, said) != mac:
                return None
            seal = seals.chained(keys.links, seal, place, id, mac, ours=True)
            if seal.hex() != texts.read(sealed):
                return None
            at = max(at, said[1])
        if not page:
            return None
    return seals.written(at) if at else None


def seal_before(place: int) -> bytes | None:
    """None where nothing stands before it that could prove it."""
    if place == 1:
        return seals.NOTHING_BEFORE
    asked = texts.column("seal")
    seal = (
        Entry.objects.filter(sequence=place - 1).values_list(asked, flat=True).first()
        or Segment.objects.filter(last=place - 1).values_list(asked, flat=True).first()
    )
    return seals.as_bytes(texts.read(seal) or "") or None
