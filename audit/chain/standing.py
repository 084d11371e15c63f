"""Where one entry stands in the chain, for whoever looks at it. The whole is verified elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from audit.chain import ends, notes, seals
from audit.chain.seals import Keys
from audit.models import Entry, Segment


@dataclass(frozen=True)
class Standing:
    """`sequence` and `seal` are empty while the worker has not come to it. `is_ours`: whether it says
    what this site wrote, and wrote there; None where the key of the chain is gone. `segment`: the
    stretch that it is part of, if this site closed it."""

    sequence: int | None
    seal: str
    is_ours: bool | None
    segment: Segment | None


def of(entry: Entry) -> Standing:
    """Four SELECTs at most."""
    place, seal = entry.sequence, entry.seal or ""
    key = seals.kept_key()
    if not key:
        return Standing(place, seal, None, None)
    keys = seals.keys_of(key)
    holds = seals.holds(keys.entries, entry)
    if place is None:
        return Standing(None, seal, holds, None)
    if not isinstance(place, int) or place < 1:  # SQLite keeps anything
        return Standing(place, seal, False, None)
    around = Segment.objects.filter(first__lte=place, last__gte=place)
    segment = notes.newest(keys, around)
    return Standing(place, seal, holds and _is_there(keys, place, entry, segment), segment)


def _is_there(keys: Keys, place: int, entry: Entry, segment: Segment | None) -> bool:
    """Whether its seal does not say otherwise. Where the one before it is gone its seal says nothing:
    in a stretch that was pruned that is not enough, for what this site left there hangs together."""
    was_pruned = segment is not None and segment.pruned_at is not None
    before = ends.seal_before(place)
    if before is None:
        return not was_pruned
    given = keys.links, before, place, entry.pk, bytes(entry.mac)
    if was_pruned:
        return seals.chained(*given, ours=True).hex() == entry.seal
    return seals.chained(*given, ours=False).hex() != entry.seal
