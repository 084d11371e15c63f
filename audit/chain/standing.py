"""Where one entry stands in the chain, for whoever looks at it. The whole is verified elsewhere."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from audit.chain import seals
from audit.models import Entry, Segment


@dataclass(frozen=True)
class Standing:
    """`sequence` and `seal` are empty while the worker has not come to it. `is_ours`: whether it says
    what this site wrote, None where the key of the chain is gone. `segment`: the closed stretch that it
    is part of."""

    sequence: int | None
    seal: str
    is_ours: bool | None
    segment: Segment | None


def of(entry: Entry) -> Standing:
    """Two SELECTs at most."""
    segment = None
    if entry.sequence is not None:
        around = Segment.objects.filter(first__lte=entry.sequence, last__gte=entry.sequence)
        segment = around.order_by("-first").first()
    return Standing(entry.sequence, entry.seal or "", _is_ours(entry), segment)


def _is_ours(entry: Entry) -> bool | None:
    key = seals.kept_key()
    if not key:
        return None
    said = [getattr(entry, column) for column in seals.COLUMNS]
    said[-1] = bytes(entry.personal)  # PostgreSQL gives a view of it
    return hmac.compare_digest(seals.mac(seals.keys_of(key).entries, said), bytes(entry.mac))
