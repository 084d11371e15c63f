"""Stretches of the chain that are full: told outside, and from a certain age on taken away whole.

A segment is closed once a day, or when it has MOST entries. What it says goes to where whoever owns
the database may have no hand: to the log, to a file, and by letter (docs/trail.md).
"""

from __future__ import annotations

import hmac
import logging
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from audit import trail
from audit.chain import ends, rows, seals
from audit.chain.seals import Keys
from audit.events import Event
from audit.models import Entry, Head, Segment

logger = logging.getLogger("audit.heads")

MOST = 100_000
PAGE = 20
TIMES = ("began_at", "ended_at", "closed_at", "pruned_at")
_PLACE, _SEAL = re.compile(r"[0-9]{1,19}", re.ASCII), re.compile(r"[0-9a-f]{64}", re.ASCII)


def close(batch: int) -> int:
    """Close the segment that is full, if one is; returns how many were closed. Any number of workers
    may call it: one closes it. What is in it is read before anybody is kept waiting."""
    head = Head.objects.filter(pk=1).first()
    if head is None:
        return 0
    keys = seals.keys_of(seals.obtained_key())
    segment = _full(keys, head, timezone.now())
    if segment is None:
        return 0
    with transaction.atomic():
        Head.objects.select_for_update().get(pk=1)
        before = newest(keys, Segment.objects.all())
        if before is not None and before.last >= segment.first:
            return 0
        segment.save(force_insert=True)
    return 1


def _full(keys: Keys, head: Head, now: datetime) -> Segment | None:
    newest = next(ours(keys, Segment.objects.order_by("-last")), None)
    first = newest.last + 1 if newest else 1
    if head.sequence < first:
        return None
    # Nearest to its bounds: one that somebody took away must not keep heads from being told.
    begins = ends.first(keys, first)
    last = _last(first, head.sequence, begins.at, now) if begins else 0
    end = ends.last(keys, last)
    if begins is None or end is None or end.sequence < first:
        return None
    ended = _ended(keys, newest, first, end.sequence, now)
    began = begins.at or (newest.ended_at if newest else ended)
    segment = Segment(first=first, last=end.sequence, seal=end.seal, began_at=began, ended_at=ended)
    segment.mac = mac(keys, segment)
    return segment


def _ended(keys: Keys, before: Segment | None, first: int, last: int, now: datetime) -> datetime:
    """Since when the entries `first` to `last` are no longer young, `before` them the segment that was
    closed last.

    SECURITY: by this it is known when they may go. Its last entry alone does not say it: that may be
    one of years ago that was taken away and put in again, or was written while the clock was wrong. So
    it is the newest that counts; where one of them is not proved, which could be any of them, nothing
    is younger than now. No segment is older than the one before it: they go in their order."""
    newest = ends.newest(keys, before.seal if before else "", first, last)
    ended = min(newest or now, now)
    return max(ended, before.ended_at) if before else ended


def _last(first: int, newest: int, began: datetime | None, now: datetime) -> int:
    """Where the segment that begins with `first` ends: before it where it is not full yet. One whose
    beginning is not ours, or of days that are still to come, is never taken for one of today."""
    if newest - first + 1 >= MOST:
        return first + MOST - 1
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if began is not None and today <= began <= now:
        return first - 1
    later = Entry.objects.filter(sequence__gt=first, sequence__lte=newest, at__gte=today)
    begins_today = later.order_by("sequence").values_list("sequence", flat=True).first()
    # SQLite keeps a half there too, if it was given one.
    return math.ceil(begins_today) - 1 if begins_today else newest


def mac(keys: Keys, segment: Segment) -> str:
    """What makes `segment` one that this site closed, or pruned."""
    return _mac(keys, segment, segment.began_at, segment.ended_at)


def _mac(keys: Keys, segment: Segment, *times: datetime | str | None) -> str:
    said = [segment.first, segment.last, segment.seal, *map(seals.moment, times)]
    whole = f"segment {[*said, bool(segment.pruned_at)]}".encode()
    return hmac.digest(keys.links, whole, "sha256")[: seals.MAC_BYTES].hex()


def read(keys: Keys, kept: QuerySet[Segment]) -> Iterator[tuple[Segment, bool]]:
    """Segments as they are kept, each with whether this site closed it so: only of those that it did
    the times are there, but for `told_at`. One SELECT, which nothing that somebody wrote into a time
    keeps from being read."""
    texts = {f"{name}_text": RawSQL(rows.time(name), []) for name in TIMES}  # noqa: S611 - our columns
    columns = ("id", "first", "last", "seal", "mac", *texts)
    for row in kept.annotate(**texts).values(*columns):
        began, ended, closed, pruned = (_text(row.pop(text)) for text in texts)
        segment = Segment(**row, pruned_at=timezone.now() if pruned else None)
        is_ours = _mac(keys, segment, began, ended) == segment.mac
        if is_ours and began and ended:
            segment.began_at, segment.ended_at = seals.written(began), seals.written(ended)
            segment.closed_at = _time(closed) or segment.ended_at  # no mac covers it
        yield segment, is_ours


def newest(keys: Keys, kept: QuerySet[Segment]) -> Segment | None:
    """The last that this site closed. One SELECT where nobody wrote others behind it."""
    for start in count(step=PAGE):
        page = list(read(keys, kept.order_by("-last")[start : start + PAGE]))
        if found := next((segment for segment, is_ours in page if is_ours), None):
            return found
        if len(page) < PAGE:
            break
    return None


def ours(keys: Keys, kept: QuerySet[Segment]) -> Iterator[Segment]:
    """Of those only ours; of the others the log is told.

    SECURITY: an INSERT is all it takes to write one. Told outside, it would make the chain a liar;
    marked as pruned, it would get a mac that holds, and its entries went."""
    for segment, is_ours in read(keys, kept):
        if is_ours:
            yield segment
        else:
            logger.critical(
                "The note of entries %d to %d was changed.", segment.first, segment.last
            )


def tell(batch: int) -> int:
    """Say the heads of closed segments outside, each at least once; returns how many. One that cannot
    be written to the file is told of again later."""
    waiting = Segment.objects.filter(told_at=None).order_by("first")
    if not waiting.exists():
        return 0
    keys = seals.keys_of(seals.obtained_key())
    untold = list(islice(ours(keys, waiting), batch))
    if not untold:
        return 0
    lines = [line(segment) for segment in untold]
    if settings.TRAIL_HEADS_FILE:
        _append(settings.TRAIL_HEADS_FILE, lines)
    with transaction.atomic():
        if settings.TRAIL_HEADS_EMAIL:
            _send(settings.TRAIL_HEADS_EMAIL, lines)
        Segment.objects.filter(pk__in=[one.pk for one in untold]).update(told_at=timezone.now())
    for said in lines:
        logger.info("Head of the trail: %s", said)
    return len(untold)


def lines() -> list[str]:
    """Of all that this site closed; none where the key that would tell is gone."""
    if not (key := seals.kept_key()):
        return []
    closed = ours(seals.keys_of(key), Segment.objects.order_by("first"))
    return [line(segment) for segment in closed]


def line(segment: Segment) -> str:
    """`sequence seal time`, as `auth_events verify --heads` reads it again."""
    return f"{segment.last} {segment.seal} {segment.ended_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _append(path: str, lines: list[str]) -> None:
    with open(path, "a", encoding="ascii") as file:
        file.writelines(f"{each}\n" for each in lines)


def _send(to: str, lines: list[str]) -> None:
    send_mail(
        f"Heads of the trail of {settings.SITE_HOST}",
        "\n".join(["Keep these lines. They prove what the trail was like:", "", *lines, ""]),
        None,
        [to],
    )


def heads_in(text: str) -> Iterator[tuple[int, str]]:
    """The heads that a file holds; raises ValueError with the number of a line that is none."""
    for number, each in enumerate(text.splitlines(), start=1):
        if not each.strip():
            continue
        sequence, _, rest = each.strip().partition(" ")
        seal = rest.partition(" ")[0]
        if not (_PLACE.fullmatch(sequence) and _SEAL.fullmatch(seal)):
            raise ValueError(number)
        yield int(sequence), seal


def prune(before: datetime, *, batch: int = 2_000) -> Iterator[int]:
    """Take away the entries of whole segments that ended before `before`, the oldest first, `batch`
    rows a transaction; yields how many each took. What is left off in between goes on where it
    stopped. A segment whose head was not told outside yet stays."""
    keys = seals.keys_of(seals.obtained_key())
    for segment in due(before):
        if segment.pruned_at is None:
            segment.pruned_at = timezone.now()
            signed = mac(keys, segment)
            with transaction.atomic():
                Segment.objects.filter(pk=segment.pk).update(
                    pruned_at=segment.pruned_at, mac=signed
                )
                trail.record(Event.TRAIL_PRUNED, first=segment.first, last=segment.last)
        yield from _emptied(segment, batch)


def _emptied(segment: Segment, batch: int) -> Iterator[int]:
    """From the back, so that an interrupted run leaves one stretch, which hangs on what is before it:
    what is left can still be told from what somebody put there meanwhile."""
    end = segment.last
    while end >= segment.first:
        start = max(end - batch + 1, segment.first)
        rows = Entry.objects.filter(sequence__gte=start, sequence__lte=end)
        if gone := rows._raw_delete(rows.db):
            yield gone
        end = start - 1


def prune_due(batch: int) -> int:
    """One batch of what is older than POLICY_TRAIL_DAYS; returns how many entries went."""
    before = timezone.now() - timedelta(days=settings.POLICY_TRAIL_DAYS)
    return next(prune(before, batch=batch), 0)


def due(before: datetime) -> list[Segment]:
    """The segments that `prune` empties, or has begun to: none that this site did not close, or that
    is younger than it says. One SELECT, and one for the key."""
    inside = Entry.objects.filter(sequence__gte=OuterRef("first"), sequence__lte=OuterRef("last"))
    told = Segment.objects.filter(ended_at__lt=before, told_at__isnull=False).order_by("first")
    left = told.filter(Q(pruned_at=None) | Exists(inside))
    return list(ours(seals.keys_of(seals.obtained_key()), left))


def _time(text: str | None) -> datetime | None:
    with suppress(ValueError):
        return seals.written(text) if text else None
    return None


def _text(kept: bytes | str | None) -> str | None:
    return kept.decode(errors="surrogateescape") if isinstance(kept, bytes) else kept
