"""Reads the whole chain and says what was done to it.

Reads nothing but the table, the heads kept beside it and, if given, those that were told outside, and
which keys are there: it opens no entry, so erased people make no difference. Each entry that is wrong
is named once, and what follows it is measured by the seal that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit import keys, texts
from audit.chain import ending, erased, notes, pages, rows, seals
from audit.chain.findings import Finding, Result, Wrong
from audit.chain.notes import Note
from audit.chain.seals import Keys
from audit.chain.told import Told
from audit.models import Entry, Head, Segment

MOST_COMPARED = 200  # strays, each with each


@dataclass(frozen=True)
class Stray:
    """An entry whose seal is none that its place allows, and the seal that stands before it."""

    place: int
    id: int
    seal: bytes
    mac: bytes
    before: bytes
    holds: bool  # its mac

    def sealed(self, key: bytes, place: int, before: bytes) -> tuple[bytes, bytes]:
        """The two seals that this entry could have at `place`."""
        given = key, before, place, self.id, self.mac
        return seals.chained(*given, ours=True), seals.chained(*given, ours=False)


def verify(
    *,
    heads: Mapping[int, str] | None = None,
    disputed: Collection[int] = (),
    since: float | None = None,
    progress: Callable[[float, int], None] = lambda share, done: None,
) -> Result:
    """Walk the chain from its beginning to its end, a page of entries in memory. `heads` are those
    that were told outside, by their place; `disputed` the places of which two were told; `since` the
    first that is a stretch's, where not all are. What is chained meanwhile is seen or not."""
    result = Result()
    key = seals.kept_key()
    if not key:
        if pages.newest() or ending.kept().sequence or Entry.objects.exists():
            result.note(Finding(Wrong.KEY_LOST))
        return result
    for place in sorted(disputed):
        result.note(Finding(Wrong.TWO_HEADS, place, place))
    keys_of = seals.keys_of(key)
    with result.reading("the chain"):
        _follow(keys_of, result, Told.of(heads or {}, since), progress)
    with result.reading("what stands at no place"):
        _nowhere(result)
    with result.reading("what has no place yet"):
        _waiting(keys_of, result)
    with result.reading("the keys"):
        for name in keys.dropped_by_others(key):
            result.note(Finding(Wrong.KEY_DROPPED, name=name))
    with result.reading("the keys of erased people"):
        for name in erased.keys_back(keys_of):
            result.note(Finding(Wrong.KEY_BACK, name=name))
    return result


def _follow(
    keys: Keys, result: Result, outside: Told, progress: Callable[[float, int], None]
) -> None:
    newest = pages.newest()
    head = ending.kept()  # after it: what gets its place in between is before this end
    if head.sequence < newest:
        result.note(Finding(Wrong.HEAD_CHANGED, head.sequence, newest))
    walk = _Walk(keys, result, outside, head)
    after = 0
    while page := pages.after(after):
        walk.through(page)
        after = page[-1][0]
        progress(min(1.0, after / max(after, head.sequence)), result.verified)
    walk.end()


def _nowhere(result: Result) -> None:
    """Those whose place is none say nothing, whatever their mac."""
    for id, at in pages.nowhere():
        result.note(Finding(Wrong.INSERTED, at, at, id))


def _waiting(keys: Keys, result: Result) -> None:
    """Those that have no place yet say only whether we wrote them."""
    read = rows.reader()
    for id, *values in pages.waiting():
        result.waiting += 1
        mac, said = read(values)
        if seals.mac(keys.entries, said) != mac:
            result.note(Finding(Wrong.INSERTED, id=id))


class _Walk:
    """How far the chain has been followed: to `place`, whose entry has the seal `before`; None where
    that entry is missing."""

    def __init__(self, keys: Keys, result: Result, outside: Told, head: Head) -> None:
        self.keys, self.result = keys, result
        self.place = 0
        self.before: bytes | None = seals.NOTHING_BEFORE
        self.strays: list[Stray] = []
        self.gaps: list[tuple[int, bytes]] = []  # where each begins, and the seal before it
        self.pruned: list[Segment] = []
        self._begin(list(notes.read(keys, Segment.objects.order_by("first", "id"))), outside)
        if head.sequence and self.told.setdefault(head.sequence, head.seal) != head.seal:
            self.result.note(Finding(Wrong.HEAD_CHANGED, head.sequence, head.sequence))

    def _begin(self, kept: list[tuple[Segment, Note]], outside: Told) -> None:
        """A note that is not ours is named, and nothing is measured by it."""
        ends, begun = {0, *(segment.last for segment, _note in kept)}, set[int]()
        # Of two of the same stretch one is a copy of what it was before.
        kept.sort(key=lambda one: one[0].pruned_at is None)
        for segment, note in kept:
            same = outside.heads.get(segment.last, segment.seal) == segment.seal
            if note is not Note.OURS or not same or segment.first in begun:
                self.result.note(Finding(Wrong.SEGMENT_CHANGED, segment.first, segment.last))
                continue
            begun.add(segment.first)
            if segment.first - 1 not in ends:
                self.result.note(Finding(Wrong.SEGMENT_CHANGED, segment.first, segment.last))
            elif segment.pruned_at is not None:
                self.pruned.append(segment)
            # Of those before the first that is known outside nobody says anything there.
            if segment.told_at and outside.misses(segment.last):
                self.result.note(Finding(Wrong.NOT_TOLD, segment.first, segment.last))
        gone = self.pruned[-1].last if self.pruned else 0
        told = {one.last: one.seal for one, note in kept if note is not Note.FOREIGN}
        told |= outside.heads
        self.told = {place: seal for place, seal in told.items() if place > gone}

    def through(self, page: Sequence[Sequence[Any]]) -> None:
        """Follow the chain through entries in the order of their places."""
        entries, links, read = self.keys.entries, self.keys.links, rows.reader()
        for place, id, sealed, *values in page:
            while self.pruned and self.pruned[0].last < place:
                self._past(self.pruned.pop(0))
            seal = seals.as_bytes(texts.read(sealed))
            mac, said = read(values)
            holds = seals.mac(entries, said) == mac
            if self.pruned and place >= self.pruned[0].first:
                self._still_there(place, id, seal, mac, holds=holds)
                continue
            if place != self.place + 1:
                self._over(place)
            before = self.before
            wrong: Wrong | None = None if holds else Wrong.CHANGED
            if before is not None and seal != seals.chained(
                links, before, place, id, mac, ours=True
            ):
                if seal == seals.chained(links, before, place, id, mac, ours=False):
                    wrong = Wrong.INSERTED
                else:
                    self.strays.append(Stray(place, id, seal, mac, before, holds))
                    wrong = Wrong.MOVED
            if wrong is None:
                self.result.verified += 1
            elif wrong is not Wrong.MOVED:
                self.result.note(Finding(wrong, place, place, id))
            if place in self.told:
                self._is_as_told(place, id, seal)
            self.place, self.before = place, seal

    def _is_as_told(self, place: int, id: int, seal: bytes) -> None:
        if self.told.pop(place) != seal.hex() and not self._is_stray(place):
            self.result.note(Finding(Wrong.REWRITTEN, place, place, id))

    def _is_stray(self, place: int) -> bool:
        return bool(self.strays) and self.strays[-1].place == place

    def _still_there(self, place: int, id: int, seal: bytes, mac: bytes, *, holds: bool) -> None:
        """In a stretch that was pruned: what an interrupted run left hangs on what is before it, the
        rest somebody put there since."""
        given = self.keys.links, self.before or b"", place, id, mac
        ours, foreign = (seals.chained(*given, ours=ours) for ours in (True, False))
        if (
            place == self.place + 1
            and self.before
            and (seal == foreign or (holds and seal == ours))
        ):
            self.place, self.before = place, seal
        else:
            self.result.note(Finding(Wrong.INSERTED, place, place, id))

    def _past(self, segment: Segment) -> None:
        """Over a stretch that was pruned."""
        self._over(segment.first)
        self.place, self.before = segment.last, seals.as_bytes(segment.seal)
        self.result.pruned += segment.last - segment.first + 1

    def _over(self, place: int) -> None:
        """From where the chain has been followed to, to just before `place`: gone, if there is any."""
        if self.place + 1 < place:
            self.result.note(Finding(Wrong.REMOVED, self.place + 1, place - 1))
            if self.before is not None:
                self.gaps.append((self.place + 1, self.before))
            self.before = None

    def end(self) -> None:
        """Behind the last entry: what the heads say there was besides, and what the strays are."""
        last = max([self.place, *self.told])
        while self.pruned:
            self._past(self.pruned.pop(0))
        if self.place < last:
            self.result.note(Finding(Wrong.CUT_OFF, self.place + 1, last))
        self.result.sequence = self.place
        self.result.seal = (self.before or b"").hex()
        self._explain()

    def _explain(self) -> None:
        """Each stray is told once. One whose own seal was changed makes the next one stray too, and so
        does one that stands in another's place: those hold once the right seal is before them."""
        right: dict[int, bytes] = {}
        for stray in self.strays:
            before = right.get(stray.place, stray.before)
            if stray.seal in stray.sealed(self.keys.links, stray.place, before):
                self.result.verified += 1
                continue
            wrong, seal = self._wrong_with(stray, before)
            self.result.note(Finding(wrong, stray.place, stray.place, stray.id))
            right[stray.place + 1] = seal

    def _wrong_with(self, stray: Stray, before: bytes) -> tuple[Wrong, bytes]:
        """What it is, and the seal that belongs to its place."""
        links = self.keys.links
        for other in self.strays[:MOST_COMPARED]:
            for seal in other.sealed(links, stray.place, before) if other is not stray else ():
                if seal in (other.seal, stray.seal):
                    return Wrong.MOVED, seal
        for place, seal in self.gaps[:MOST_COMPARED]:
            if stray.seal in stray.sealed(links, place, seal):
                return Wrong.MOVED, stray.seal
        if not stray.holds:
            return Wrong.CHANGED, stray.seal
        both = stray.sealed(links, stray.place, before)
        following = next((one for one in self.strays if one.place == stray.place + 1), None)
        fits = [
            seal
            for seal in both
            if following and following.seal in following.sealed(links, following.place, seal)
        ]
        return Wrong.SEAL_CHANGED, (fits or both)[0]
