"""What it takes to look a password up in a file of breached ones."""

from __future__ import annotations

import os
import random
import secrets
import time
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil

from accounts.passwords.breached import BreachedFile, Header, packed
from tests.bench.figures import Figure, percentile

SPACE = 1 << 64
AT_ONCE = 100_000
LOOK_UPS = 20_000
COLD = 300


def figures(folder: Path, *, entries: int) -> list[Figure]:
    path = folder / "breached.bin"
    _write(path, entries)
    file, process = BreachedFile(path), psutil.Process()
    before = process.memory_info().rss
    warm = [_took(file) for _ in range(LOOK_UPS)]
    grown = (process.memory_info().rss - before) / 1024 / 1024
    cold = [_took(file, forgetting=path) for _ in range(COLD)]
    path.unlink()
    among = f"among {entries:,} breached passwords"
    return [
        Figure(
            f"a look-up {among}, 95 of 100 within",
            percentile(warm, 0.95),
            high=1,
            unit="ms",
            digits=3,
            note=f"{median(warm):.3f} in the middle",
        ),
        Figure(
            f"a look-up {among} with nothing of the file in memory, 95 of 100 within",
            percentile(cold, 0.95),
            unit="ms",
            digits=3,
            note=f"{median(cold):.3f} in the middle",
        ),
        Figure(f"memory after {LOOK_UPS:,} look-ups, over before", grown, high=4, unit="MiB"),
    ]


def _took(file: BreachedFile, *, forgetting: Path | None = None) -> float:
    """Milliseconds by the clock, for a password that is hardly in there."""
    if forgetting is not None:
        _forget(forgetting)
    password = secrets.token_urlsafe(12)
    begun = time.perf_counter()
    password in file  # noqa: B015 - what it answers is not the question
    return (time.perf_counter() - begun) * 1000


def _forget(path: Path) -> None:
    """Take the file out of the system's memory, where it lets us."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _write(path: Path, entries: int) -> None:
    """As `auth_breached load` leaves it: digests are spread evenly, and so are these."""
    crc = 0
    with path.open("wb") as out:
        out.write(Header(1, entries, 0, 0, 0).packed())
        for part in _ascending(entries):
            raw = packed(part)
            crc = zlib.crc32(raw, crc)
            out.write(raw)
        out.seek(0)
        out.write(Header(1, entries, 0, 0, crc).packed())
        os.fsync(out.fileno())  # what is not on the disk yet stays in memory


def _ascending(entries: int) -> Iterator[array[int]]:
    chance, mean, last = random.Random(7), SPACE / entries, 0.0
    part: array[int] = array("Q")
    for _ in range(entries):
        last += chance.random() * 2 * mean * 0.999
        part.append(int(last))
        if len(part) == AT_ONCE:
            yield part
            part = array("Q")
    yield part
