"""The notes of segments, and whether this site made them: whoever can write to the table can put one
there, or mark one as told or pruned."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from enum import Enum, auto
from itertools import count

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from audit import texts
from audit.chain import rows, seals
from audit.chain.seals import Keys
from audit.models import Segment

logger = logging.getLogger("audit.heads")

PAGE = 20
TIMES = ("began_at", "ended_at", "closed_at", "told_at", "pruned_at")


class Note(Enum):
    """Whose a note is. NOT_TOLD is ours, but for the mark that its head was told outside."""

    OURS = auto()
    NOT_TOLD = auto()
    FOREIGN = auto()


def mac(keys: Keys, segment: Segment) -> str:
    """What makes `segment` one that this site closed, told outside, or pruned."""
    return _mac(keys, segment, segment.began_at, segment.ended_at)


def _mac(keys: Keys, segment: Segment, *times: datetime | str | None) -> str:
    said = [segment.first, segment.last, segment.seal, *map(seals.moment, times)]
    marks = [bool(segment.told_at), bool(segment.pruned_at)]
    whole = f"note of a segment {[*said, *marks]}".encode()
    return hmac.digest(keys.links, whole, "sha256")[: seals.MAC_BYTES].hex()


def read(keys: Keys, kept: QuerySet[Segment]) -> Iterator[tuple[Segment, Note]]:
    """Segments as they are kept, each with whose it is: only of ours the times are there. `told_at` and
    `pruned_at` say whether, not when; a bound that is no number is None. One SELECT, which nothing that
    somebody wrote into a column keeps from being read."""
    times = [RawSQL(rows.time(name), []) for name in TIMES]  # noqa: S611 - our columns
    bounds = [RawSQL(rows.whole(name), []) for name in ("first", "last")]  # noqa: S611 - our columns
    said = [texts.column(name) for name in ("seal", "mac")]
    for id, first, last, seal, signed, *at in kept.values_list("id", *bounds, *said, *times):
        began, ended, closed, told, pruned = map(_text, at)
        segment = Segment(id=id, first=first, last=last)
        segment.seal, segment.mac = texts.read(seal) or "", texts.read(signed) or ""
        segment.told_at = timezone.now() if told else None
        segment.pruned_at = timezone.now() if pruned else None
        note = _whose(keys, segment, began, ended)
        if note is not Note.FOREIGN and began and ended:
            segment.began_at, segment.ended_at = seals.written(began), seals.written(ended)
            segment.closed_at = _time(closed) or segment.ended_at  # no mac covers it
        yield segment, note


def _whose(keys: Keys, segment: Segment, *times: str | None) -> Note:
    if _mac(keys, segment, *times) == segment.mac:
        return Note.OURS
    if segment.told_at is None:
        return Note.FOREIGN
    told_at, segment.told_at = segment.told_at, None
    as_untold, segment.told_at = _mac(keys, segment, *times), told_at
    return Note.NOT_TOLD if as_untold == segment.mac else Note.FOREIGN


def newest(keys: Keys, kept: QuerySet[Segment]) -> Segment | None:
    """The last that this site closed. One SELECT where nobody wrote others behind it."""
    for start in count(step=PAGE):
        page = list(read(keys, kept.order_by("-last", "id")[start : start + PAGE]))
        ours = (segment for segment, note in page if note is not Note.FOREIGN)
        if found := next(ours, None):
            return found
        if len(page) < PAGE:
            break
    return None


def ours(keys: Keys, kept: QuerySet[Segment]) -> Iterator[Segment]:
    """Of those only ours; of the others the log is told.

    SECURITY: an INSERT is all it takes to write one. Told outside, it would make the chain a liar;
    marked as pruned, it would get a mac that holds, and its entries went."""
    for segment, note in read(keys, kept):
        if note is Note.OURS:
            yield segment
        else:
            _say(segment)


def others(keys: Keys, kept: QuerySet[Segment]) -> int:
    """How many are not ours, or not as we left them; the log is told of each. One SELECT."""
    found = [segment for segment, note in read(keys, kept) if note is not Note.OURS]
    for segment in found:
        _say(segment)
    return len(found)


def _say(segment: Segment) -> None:
    said = "The note of entries %s to %s was changed."
    logger.critical(said, segment.first, segment.last)


def _time(text: str | None) -> datetime | None:
    with suppress(ValueError):
        return seals.written(text) if text else None
    return None


def _text(kept: bytes | str | None) -> str | None:
    return kept.decode(errors="surrogateescape") if isinstance(kept, bytes) else kept
