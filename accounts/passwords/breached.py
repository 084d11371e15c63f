"""Passwords known from data breaches elsewhere, in one sorted file of this machine's own.

`manage.py auth_breached load` makes it from the operator's Pwned Passwords file: a header, then the
first 8 bytes of each SHA-1 in ascending order. A look-up reads two or three windows of 4 KiB off the
disk and keeps nothing, so memory stays flat whatever the size. No password leaves the site.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import sys
import threading
import weakref
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import lt
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

logger = logging.getLogger(__name__)

MAGIC = b"breached"
VERSION = 1
ENTRY_BYTES = 8
# Magic, version, bytes of an entry, fewest sightings, entries, date of the source, date of the
# loading (seconds since 1970), CRC-32 of the entries.
_HEADER = struct.Struct(">8sHHIQqqI20x")
HEADER_BYTES = _HEADER.size
WINDOW = 512  # entries read at once: 4 KiB
_ALL = 1 << (8 * ENTRY_BYTES)


class Unusable(Exception):
    """The file is there and cannot be searched; says why."""


class Header(NamedTuple):
    least: int
    entries: int
    source_at: int
    loaded_at: int
    crc: int

    def packed(self) -> bytes:
        return _HEADER.pack(MAGIC, VERSION, ENTRY_BYTES, *self)


class BreachedFile:
    """`password in file`. Raises FileNotFoundError, or Unusable for a file that is cut, of another
    kind, or cannot be read."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            # A look-up in another thread may still hold this file when a newer one is in use.
            weakref.finalize(self, os.close, self._fd)
            self.header = self._checked_header()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unusable(f"it cannot be read ({error.strerror})") from None

    def _checked_header(self) -> Header:
        raw = os.pread(self._fd, HEADER_BYTES, 0)
        if len(raw) < HEADER_BYTES or not raw.startswith(MAGIC):
            raise Unusable("it was not made by auth_breached load")
        _magic, version, width, *facts = _HEADER.unpack(raw)
        if (version, width) != (VERSION, ENTRY_BYTES):
            raise Unusable("it was made by another version: load it anew")
        header = Header(*facts)
        size = os.fstat(self._fd).st_size
        if not header.entries or size != HEADER_BYTES + header.entries * ENTRY_BYTES:
            raise Unusable(f"it is cut, or too long: {size:,} bytes for {header.entries:,} entries")
        return header

    def __contains__(self, password: str) -> bool:
        return self.holds(int.from_bytes(sha1(password)[:ENTRY_BYTES], "big"))

    def holds(self, wanted: int) -> bool:
        """Whether there is this entry. Interpolation, since digests are spread evenly; every third
        step halves instead, so that no file, however uneven, takes more than a few dozen reads.
        Raises Unusable."""
        low, high = 0, self.header.entries  # it lies in there, if anywhere,
        below, above = -1, _ALL  # and between these two values
        step = 0
        while low < high:
            step += 1
            guess = (low + high) // 2
            if step % 3:
                guess = low + (wanted - below) * (high - low) // (above - below)
            first = max(low, min(guess - WINDOW // 2, high - WINDOW))
            window = self.entries(first, min(WINDOW, high - first))
            if wanted < window[0]:
                high, above = first, window[0]
            elif wanted > window[-1]:
                low, below = first + len(window), window[-1]
            else:
                return window[bisect_left(window, wanted)] == wanted
        return False

    def entries(self, first: int, count: int) -> array[int]:
        try:
            raw = os.pread(self._fd, count * ENTRY_BYTES, HEADER_BYTES + first * ENTRY_BYTES)
        except OSError as error:
            raise Unusable(f"it cannot be read ({error.strerror})") from None
        if len(raw) != count * ENTRY_BYTES:
            raise Unusable("it was cut while it was in use")
        return unpacked(raw)

    def verify(self, told: Callable[[int], None] = lambda done: None) -> None:
        """Read all of it, or raise Unusable: is it in order, and what was written?"""
        crc, last = 0, -1
        for first in range(0, self.header.entries, 1 << 17):
            part = self.entries(first, min(1 << 17, self.header.entries - first))
            if part[0] <= last or not all(map(lt, part, part[1:])):
                raise Unusable("its entries are out of order")
            crc, last = zlib.crc32(packed(part), crc), part[-1]
            told(first + len(part))
        if crc != self.header.crc:
            raise Unusable("its entries are not those that were written")


def sha1(password: str) -> bytes:
    """As Pwned Passwords has it; nothing secret rests on it."""
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.sha1(raw, usedforsecurity=False).digest()


def unpacked(raw: bytes) -> array[int]:
    found = array("Q")
    found.frombytes(raw)
    if sys.byteorder == "little":
        found.byteswap()
    return found


def packed(entries: array[int]) -> bytes:
    turned = entries[:]
    if sys.byteorder == "little":
        turned.byteswap()
    return turned.tobytes()


# --- The file in use ------------------------------------------------------------------------------


@dataclass(frozen=True)
class InUse:
    """The file as it was last opened, or why it could not be: both hold while it stays the same."""

    mark: tuple[object, ...]
    file: BreachedFile | None = None
    problem: str = ""


_in_use = InUse(mark=())
_mutex = threading.Lock()


def is_breached(password: str) -> bool:
    """Whether it is known from a breach, by the operator's file alone. Without a file that can be
    searched nothing is: the log and `check --deploy` say so, and nobody is kept out. Never raises."""
    found = in_use()
    try:
        return found.file is not None and password in found.file
    except Unusable as error:
        logger.error("The breached set cannot be searched: %s", str(error))
        return False


def in_use() -> InUse:
    """The operator's file, opened anew when another one lies in its place. One stat otherwise."""
    global _in_use  # noqa: PLW0603 - one per process
    path = settings.BREACHED_PASSWORDS_FILE
    found = _in_use
    mark = (path, *_mark_of(path))
    if found.mark == mark:
        return found
    with _mutex:
        if _in_use.mark != mark:
            _in_use = _opened(path, mark)
        return _in_use


def _mark_of(path: str) -> tuple[object, ...]:
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return ()
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _opened(path: str, mark: tuple[object, ...]) -> InUse:
    problem = ""
    try:
        return InUse(mark, BreachedFile(Path(path))) if path else InUse(mark)
    except FileNotFoundError:
        # Not to have one is a choice, as long as nobody named one and none was there before.
        was_there = _in_use.file is not None and _in_use.mark[0] == path
        if path != str(settings.VAR_DIR / "breached.bin") or was_there:
            problem = "it is not there"
    except (Unusable, ValueError) as error:
        problem = str(error)
    if problem:
        logger.error("The breached set is not in use: %s", problem)
    return InUse(mark, problem=problem)


def day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
