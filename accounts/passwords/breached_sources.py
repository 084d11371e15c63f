"""What Pwned Passwords comes as: one text file (or that in gzip), or a folder of a million ranges.

A source gives blocks of lines that are all of the right form, and can go on from where a block ended.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

BLOCK_BYTES = 1 << 20
LONGEST_LINE = 128
RANGES = 16**5
# The first 16 digits of a SHA-1 and how often it was seen. Anchored: each match is a whole line.
_LINE = re.compile(rb"(?m)^([0-9A-Fa-f]{16})[0-9A-Fa-f]{24}:([0-9]{1,18})\r?\n")
# The same in a range, whose name is the first five digits.
_RANGE_LINE = re.compile(rb"(?m)^([0-9A-Fa-f]{11})[0-9A-Fa-f]{24}:([0-9]{1,18})\r?\n")

_RANGE_NAME = re.compile(r"[0-9A-Fa-f]{5}(?:\.|$)")


class Refused(Exception):
    """The source is not what it should be; `line` is the number of the first such line, or 0."""

    def __init__(self, line: int, why: str, *, file: str = "") -> None:
        place = f"line {line:,}" if line else ""
        where = " of ".join(filter(None, [place, file]))
        super().__init__(f"{where} {why}".strip() if where else why)
        self.line = line


@dataclass(frozen=True)
class Block:
    """`digits` are 16 hexadecimal ones a line; `offset` is where the source goes on after it."""

    digits: list[bytes]
    counts: list[bytes]
    first_line: int
    offset: int
    share: float  # of the source, from 0 to 1
    file: str = ""


class TextFile:
    """`HASH:COUNT` a line, LF or CRLF, plain or in gzip. Offsets are of the plain text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.is_packed = file.read(2) == b"\x1f\x8b"

    def identity(self) -> list[Any]:
        seen = self.path.stat()
        return [str(self.path.resolve()), seen.st_ino, seen.st_size, seen.st_mtime_ns]

    def date(self) -> int:
        return int(self.path.stat().st_mtime)

    def blocks(self, offset: int, lines: int) -> Iterator[Block]:
        size = max(1, self.path.stat().st_size)
        with self.path.open("rb") as raw:
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if self.is_packed else raw
            try:
                stream.seek(offset)
                for text in _whole_lines(stream, lines):
                    digits, counts = _parsed(_LINE, text, lines)
                    offset += len(text)
                    yield Block(digits, counts, lines + 1, offset, min(1.0, raw.tell() / size))
                    lines += len(digits)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise Refused(0, f"The file is cut or damaged after line {lines:,}") from None


class RangeFolder:
    """A file for each of the 16^5 beginnings of a hash, called by it, as the range service answers:
    `REST:COUNT` a line. An offset is the number of ranges done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end, self._form = "", ""
        self._there = bytearray(RANGES)  # a million names would not be flat
        with os.scandir(path) as entries:
            for entry in entries:
                if _RANGE_NAME.match(entry.name):
                    self._there[int(entry.name[:5], 16)] = 1
                    self._end = entry.name[5:]
                    if not entry.name[:5].isdecimal():
                        self._form = "05x" if entry.name[:5].islower() else "05X"
        self.missing = RANGES - sum(self._there)
        if self.missing == RANGES:
            raise Refused(0, "There is no range in the folder: files are called like 0A1B2.txt")

    def identity(self) -> list[Any]:
        seen = self.path.stat()
        return [str(self.path.resolve()), seen.st_ino, seen.st_mtime_ns]

    def date(self) -> int:
        return int(self.path.stat().st_mtime)

    def blocks(self, offset: int, lines: int) -> Iterator[Block]:
        for number in range(offset, RANGES):
            if not self._there[number]:
                continue
            name = format(number, self._form or "05X")
            text = self._read(name + self._end)
            digits, counts = _parsed(_RANGE_LINE, text, 0, file=name + self._end)
            beginning = name.encode()
            whole = [beginning + rest for rest in digits]
            yield Block(whole, counts, 1, number + 1, (number + 1) / RANGES, file=name + self._end)

    def _read(self, name: str) -> bytes:
        with (self.path / name).open("rb") as file:
            text = file.read(BLOCK_BYTES + 1)
        if len(text) > BLOCK_BYTES:
            raise Refused(0, "is too long for a range", file=name)
        return text if not text or text.endswith(b"\n") else text + b"\n"


Source = TextFile | RangeFolder


def source_at(path: Path) -> Source:
    """Raises Refused for what can be neither: a pipe, for one, could not be read on from."""
    if path.is_dir():
        return RangeFolder(path)
    if path.is_file():
        return TextFile(path)
    raise Refused(0, f"There is no file or folder called {path}")


def _whole_lines(stream: IO[bytes], lines: int) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(BLOCK_BYTES):
        text, end, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Refused(lines + text.count(b"\n") + len(end) + 1, "is no SHA-1 and count")
        lines += text.count(b"\n") + len(end)
        if end:
            yield text + end
    if rest:
        yield rest + b"\n"


def _parsed(
    form: re.Pattern[bytes], text: bytes, lines: int, *, file: str = ""
) -> tuple[list[bytes], list[bytes]]:
    found = form.findall(text)
    if len(found) != text.count(b"\n"):
        wrong = next(
            number
            for number, line in enumerate(text.splitlines(keepends=True), 1)
            if not form.fullmatch(line)
        )
        raise Refused(lines + wrong, "is no SHA-1 and count", file=file)
    return [digits for digits, _count in found], [count for _digits, count in found]
