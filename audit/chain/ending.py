"""Where the chain ends, as it is kept in one row."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from audit import texts
from audit.chain import rows
from audit.models import Head


def kept() -> Head:
    """Nowhere if there is none, or if what is kept is no place, which SQLite keeps as well. Nothing
    that somebody wrote there keeps it from being read. One SELECT."""
    sequence, seal = _read(Head.objects.all()) or (0, "")
    return Head(sequence=sequence or 0, seal="" if sequence is None else seal)


def locked() -> Head:
    """The same, made if there is none, for whoever adds to the chain: one at a time. Inside a
    transaction. Raises ValueError for what is no place: nothing is put behind that."""
    found = _read(Head.objects.select_for_update())
    if found is None:
        Head.objects.get_or_create(pk=1)
        found = _read(Head.objects.select_for_update())
    sequence, seal = found or (0, "")
    if sequence is None:
        raise ValueError
    return Head(sequence=sequence, seal=seal)


def moved(sequence: int, seal: str) -> None:
    """By whoever holds it."""
    Head.objects.filter(pk=1).update(sequence=sequence, seal=seal)


def _read(heads: QuerySet[Head]) -> tuple[int | None, str] | None:
    place = RawSQL(rows.whole("sequence"), [])  # noqa: S611 - our columns
    found = heads.filter(pk=1).values_list(place, texts.column("seal")).first()
    return None if found is None else (found[0], texts.read(found[1]) or "")
