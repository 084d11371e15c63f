"""Turning an operator's Pwned Passwords file, or folder of ranges, into the file that is searched.

One pass in blocks of a mebibyte, so memory stays flat whatever the size. What is done is noted every
64 blocks beside the part that is written; after Ctrl-C or a crash the same command goes on from there.
The new file takes the old one's place in one step at the very end.
"""

from __future__ import annotations

import binascii
import fcntl
import json
import os
import time
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import compress, groupby
from operator import le, lt
from pathlib import Path
from typing import IO, Any

from accounts.passwords.breached import ENTRY_BYTES, HEADER_BYTES, VERSION, Header, packed, unpacked
from accounts.passwords.breached_sources import RANGES, Block, RangeFolder, Refused, Source

NOTED_EVERY = 64  # blocks


class Busy(Exception):
    """Another load into the same file is under way."""


@dataclass(frozen=True)
class Tally:
    """How far it has come. `offset` is where the source goes on, `last` and `kept` the newest line
    and the newest entry by their first 8 bytes."""

    offset: int = 0
    lines: int = 0
    entries: int = 0
    rare: int = 0  # seen fewer times than was asked for
    repeated: int = 0
    last: int = -1
    kept: int = -1
    crc: int = 0


Told = Callable[[Tally, float], None]


def load(
    source: Source,
    target: Path,
    *,
    least: int,
    dry_run: bool = False,
    anew: bool = False,
    told: Told = lambda tally, share: None,
    resumed: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Read `source` to its end and put what was seen `least` times or more at `target`; nothing is
    written on `dry_run`.

    `resumed` hears where an interrupted load is taken up. Raises Refused with the number of the
    line, Busy, OSError; `target` is then as it was before.
    """
    if dry_run:
        tally = Tally()
        for block in source.blocks(0, 0):
            tally, _entries = _taken(tally, block, least)
            told(tally, block.share)
        return _worth_it(tally)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        part = _Part(target, source, least)
        tally = Tally() if anew else part.noted()
        if tally.lines:
            resumed(tally)
        with part.opened(tally):
            for number, block in enumerate(source.blocks(tally.offset, tally.lines), 1):
                tally = part.add(*_taken(tally, block, least))
                told(tally, block.share)
                if number % NOTED_EVERY == 0:
                    part.note()
        part.finish(_worth_it(tally))
    return tally


def _taken(tally: Tally, block: Block, least: int) -> tuple[Tally, array[int]]:
    """What a block adds, and the tally after it."""
    lines = unpacked(binascii.unhexlify(b"".join(block.digits)))
    ordered = array("Q", [max(tally.last, 0)]) + lines
    if not all(map(le, ordered, lines)):
        wrong = next(
            n for n, (one, after) in enumerate(zip(ordered, lines, strict=False)) if one > after
        )
        raise Refused(block.first_line + wrong, "is out of order", file=block.file)
    wanted = max(1, least)  # a count of 0 is padding
    chosen = array("Q", compress(lines, map(wanted.__le__, map(int, block.counts))))
    # Two hashes with one beginning, or one line twice: one entry.
    single = chosen
    if not all(map(lt, chosen, chosen[1:])):
        single = array("Q", [entry for entry, _same in groupby(chosen)])
    if single and single[0] == tally.kept:
        single = single[1:]
    after = replace(
        tally,
        offset=block.offset,
        lines=tally.lines + len(lines),
        entries=tally.entries + len(single),
        rare=tally.rare + len(lines) - len(chosen),
        repeated=tally.repeated + len(chosen) - len(single),
        last=lines[-1] if lines else tally.last,
        kept=single[-1] if single else tally.kept,
    )
    return after, single


def _worth_it(tally: Tally) -> Tally:
    if not tally.entries:
        raise Refused(0, "There is nothing to load: a set that matches nothing is worse than none")
    return tally


def cautions(source: Source, tally: Tally) -> Iterator[str]:
    """What may be wrong with a source that was taken."""
    if isinstance(source, RangeFolder) and source.missing:
        yield f"{source.missing:,} of {RANGES:,} ranges are missing: passwords in them pass."
    elif tally.entries >= 100_000 and tally.last < (1 << 64) * 0.999:
        yield f"The last hash begins with {tally.last:016X}: the file may have been cut there."


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """The system lets go of the lock when the process ends, however it ends."""
    with Path(f"{target}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        yield


class _Part:
    """The file while it is made, and the note of how far it has come, beside where it will lie."""

    file: IO[bytes]

    def __init__(self, target: Path, source: Source, least: int) -> None:
        self.target = target
        self.path, self.state = Path(f"{target}.part"), Path(f"{target}.state")
        self.source, self.least = source, least
        self.job: dict[str, Any] = {
            "version": VERSION,
            "source": source.identity(),
            "least": least,
        }
        self.tally = Tally()

    def noted(self) -> Tally:
        """Where the same load was left off; the beginning, if it was not or cannot be believed."""
        try:
            note = json.loads(self.state.read_bytes())
            tally = Tally(**note.pop("tally"))
            size = self.path.stat().st_size
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Tally()
        if note != self.job or size < HEADER_BYTES + tally.entries * ENTRY_BYTES:
            return Tally()
        return tally

    @contextmanager
    def opened(self, tally: Tally) -> Iterator[None]:
        """Cut back to what is known to be right. Whatever ends the work early, how far it has come
        is noted."""
        self.tally = tally
        self.state.unlink(missing_ok=True) if not tally.lines else None
        with self.path.open("r+b" if tally.lines else "wb") as self.file:
            self.file.truncate(HEADER_BYTES + tally.entries * ENTRY_BYTES)
            self.file.seek(0, os.SEEK_END)
            try:
                yield
            except KeyboardInterrupt:
                self.note()
                raise
            except Refused:
                # Of no use for the file that will be put in the place of this one.
                self.path.unlink()
                self.state.unlink(missing_ok=True)
                raise
            self.file.flush()

    def add(self, tally: Tally, entries: array[int]) -> Tally:
        raw = packed(entries)
        self.file.write(raw)
        self.tally = replace(tally, crc=zlib.crc32(raw, self.tally.crc))
        return self.tally

    def note(self) -> None:
        """The entries first, then the note that they are there."""
        self.file.flush()
        os.fsync(self.file.fileno())
        fresh = self.state.with_suffix(".state.new")
        with fresh.open("w") as file:
            json.dump({**self.job, "tally": asdict(self.tally)}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.state)

    def finish(self, tally: Tally) -> None:
        header = Header(self.least, tally.entries, self.source.date(), int(time.time()), tally.crc)
        with self.path.open("r+b") as file:
            file.write(header.packed())
            file.flush()
            os.fsync(file.fileno())
        self.path.replace(self.target)
        self.state.unlink(missing_ok=True)
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
