"""Stretches of the chain that are full: told outside, and from a certain age on taken away whole.

A segment is closed once a day, or when it has MOST entries. What it says goes to where whoever owns
the database may have no hand: to the log, to a file, and by letter (docs/trail.md).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from audit import trail
from audit.chain import ending, ends, notes, seals
from audit.chain.notes import Note
from audit.chain.seals import Keys
from audit.events import Event
from audit.models import Entry, Head, Segment

logger = logging.getLogger("audit.heads")

MOST = 100_000


class NotOurs(Exception):
    """There are notes of segments that this site did not make, or that somebody changed."""


def close(batch: int) -> int:
    """Close the segment that is full, if one is; returns how many were closed. Any number of workers
    may call it: one closes it. What is in it is read before anybody is kept waiting."""
    head = ending.kept()
    if not head.sequence:
        return 0
    keys = seals.keys_of(seals.obtained_key())
    segment = _full(keys, head, timezone.now())
    if segment is None:
        return 0
    with transaction.atomic():
        ending.locked()
        before = notes.newest(keys, Segment.objects.all())
        if before is not None and before.last >= segment.first:
            return 0
        segment.save(force_insert=True)
    return 1


def _full(keys: Keys, head: Head, now: datetime) -> Segment | None:
    newest = notes.newest(keys, Segment.objects.all())
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
    segment.mac = notes.mac(keys, segment)
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


def tell(batch: int) -> int:
    """Say the heads of closed segments outside, each at least once; returns how many. One that cannot
    be written to the file is told of again later, and so is one that somebody else marked as told."""
    if not Segment.objects.exists():
        return 0
    keys = seals.keys_of(seals.obtained_key())
    untold = list(islice(_untold(keys), batch))
    if not untold:
        return 0
    lines = [line(segment) for segment in untold]
    if settings.TRAIL_HEADS_FILE:
        _append(settings.TRAIL_HEADS_FILE, lines)
    with transaction.atomic():
        if settings.TRAIL_HEADS_EMAIL:
            _send(settings.TRAIL_HEADS_EMAIL, lines)
        for segment in untold:
            _sign_as_told(keys, segment)
    for said in lines:
        logger.info("Head of the trail: %s", said)
    return len(untold)


def _untold(keys: Keys) -> Iterator[Segment]:
    for segment, found in notes.read(keys, Segment.objects.order_by("first", "id")):
        if found is Note.OURS and segment.told_at is None:
            yield segment
        elif found is Note.NOT_TOLD:
            said = "The head of entries %d to %d was marked as told, and was not."
            logger.critical(said, segment.first, segment.last)
            yield segment


def _sign_as_told(keys: Keys, segment: Segment) -> None:
    """The first mark stays: the database lets nobody change it."""
    kept = Segment.objects.filter(pk=segment.pk)
    if segment.told_at is None:
        segment.told_at = timezone.now()
        kept.filter(told_at=None).update(told_at=segment.told_at)
    kept.update(mac=notes.mac(keys, segment))


def examine(batch: int) -> int:
    """Look at the notes of all segments, and fail where there is one that this site did not make: so it
    is seen among the jobs, and the log names each. Raises NotOurs."""
    if not Segment.objects.exists():
        return 0
    keys = seals.keys_of(seals.obtained_key())
    if notes.others(keys, Segment.objects.order_by("first", "id")):
        raise NotOurs
    return 0


def lines() -> list[str]:
    """Of all that this site closed; none where the key that would tell is gone."""
    if not (key := seals.kept_key()):
        return []
    closed = notes.ours(seals.keys_of(key), Segment.objects.order_by("first"))
    return [line(segment) for segment in closed]


def line(segment: Segment) -> str:
    """`sequence seal time`, as `auth_events verify --heads` reads it again (audit/chain/told.py)."""
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


def prune(
    before: datetime, *, batch: int = 2_000, actor: trail.Named | None = None
) -> Iterator[int]:
    """Take away the entries of whole segments that ended before `before`, the oldest first, `batch`
    rows a transaction; yields how many each took. What is left off in between goes on where it
    stopped. A segment whose head was not told outside yet stays."""
    keys = seals.keys_of(seals.obtained_key())
    for segment in due(before):
        if segment.pruned_at is None:
            segment.pruned_at = timezone.now()
            signed = notes.mac(keys, segment)
            with transaction.atomic():
                Segment.objects.filter(pk=segment.pk).update(
                    pruned_at=segment.pruned_at, mac=signed
                )
                trail.record(
                    Event.TRAIL_PRUNED, actor=actor, first=segment.first, last=segment.last
                )
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
    return list(notes.ours(seals.keys_of(seals.obtained_key()), left))
