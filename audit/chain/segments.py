"""Stretches of the chain that are full: told outside, and from a certain age on taken away whole.

A segment is closed once a day, or when it has MOST entries. What it says goes to where whoever owns
the database may have no hand: to the log, to a file, and by letter (docs/trail.md).
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from audit import trail
from audit.chain import ends, seals
from audit.chain.seals import Keys
from audit.events import Event
from audit.models import Entry, Head, Segment

logger = logging.getLogger("audit.heads")

MOST = 100_000
_PLACE, _SEAL = re.compile(r"[0-9]{1,19}", re.ASCII), re.compile(r"[0-9a-f]{64}", re.ASCII)


def close(batch: int) -> int:
    """Close the segment that is full, if one is; returns how many were closed. At most one worker
    closes it: the bounds are unique."""
    now = timezone.now()
    with transaction.atomic():
        head = Head.objects.select_for_update().filter(pk=1).first()
        if head is None:
            return 0
        newest = Segment.objects.order_by("-last").first()
        first = newest.last + 1 if newest else 1
        if head.sequence < first:
            return 0
        keys = seals.keys_of(seals.obtained_key())
        # Nearest to its bounds: one that somebody took away must not keep heads from being told.
        begins = ends.first(keys, first)
        last = _last(first, head.sequence, begins.at, now) if begins else 0
        end = ends.last(keys, last)
        if begins is None or end is None or end.sequence < first:
            return 0
        # SECURITY: by the end of a segment it is known when its entries may go. One that is not ours
        # could say that it is years old; nothing in it is younger than now.
        ended = end.at or now
        began = begins.at or (newest.ended_at if newest else ended)
        segment = Segment(
            first=first, last=end.sequence, seal=end.seal, began_at=began, ended_at=ended
        )
        segment.mac = mac(keys, segment)
        segment.save(force_insert=True)
    return 1


def _last(first: int, newest: int, began: datetime | None, now: datetime) -> int:
    """Where the segment that begins with `first` ends: before it where it is not full yet. One whose
    beginning is not ours is never taken for one of today."""
    if newest - first + 1 >= MOST:
        return first + MOST - 1
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if began is not None and began >= today:
        return first - 1
    later = Entry.objects.filter(sequence__gt=first, at__gte=today).order_by("sequence")
    begins_today = later.values_list("sequence", flat=True).first()
    return begins_today - 1 if begins_today else newest


def mac(keys: Keys, segment: Segment) -> str:
    """What makes `segment` one that this site closed, or pruned."""
    times = [seals.moment(segment.began_at), seals.moment(segment.ended_at)]
    said = [segment.first, segment.last, segment.seal, *times, bool(segment.pruned_at)]
    return hmac.digest(keys.links, f"segment {said}".encode(), "sha256")[: seals.MAC_BYTES].hex()


def tell(batch: int) -> int:
    """Say the heads of closed segments outside, each at least once; returns how many. One that cannot
    be written to the file is told of again later."""
    untold = list(Segment.objects.filter(told_at=None).order_by("first")[:batch])
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
    for segment in due(before):
        if segment.pruned_at is None:
            segment.pruned_at = timezone.now()
            signed = mac(seals.keys_of(seals.obtained_key()), segment)
            with transaction.atomic():
                Segment.objects.filter(pk=segment.pk).update(
                    pruned_at=segment.pruned_at, mac=signed
                )
                trail.record(Event.TRAIL_PRUNED, first=segment.first, last=segment.last)
        yield from _emptied(segment, batch)


def _emptied(segment: Segment, batch: int) -> Iterator[int]:
    """From the front, so that an interrupted run leaves one stretch."""
    start = segment.first
    while start <= segment.last:
        end = min(start + batch - 1, segment.last)
        rows = Entry.objects.filter(sequence__gte=start, sequence__lte=end)
        if gone := rows._raw_delete(rows.db):
            yield gone
        start = end + 1


def prune_due(batch: int) -> int:
    """One batch of what is older than POLICY_TRAIL_DAYS; returns how many entries went."""
    before = timezone.now() - timedelta(days=settings.POLICY_TRAIL_DAYS)
    return next(prune(before, batch=batch), 0)


def due(before: datetime) -> list[Segment]:
    """The segments that `prune` empties, or has begun to. One SELECT, and one for the key.

    SECURITY: none that this site did not close, or that is younger than it says. Marking it as pruned
    would give it a mac that holds, and take its entries away for whoever wrote that row."""
    inside = Entry.objects.filter(sequence__gte=OuterRef("first"), sequence__lte=OuterRef("last"))
    told = Segment.objects.filter(ended_at__lt=before, told_at__isnull=False).order_by("first")
    left = list(told.filter(Q(pruned_at=None) | Exists(inside)))
    if not left:
        return []
    keys = seals.keys_of(seals.obtained_key())
    ours = [one for one in left if mac(keys, one) == one.mac]
    for one in left:
        if one not in ours:
            logger.critical("The note of entries %d to %d was changed.", one.first, one.last)
    return ours
