"""A set of breached passwords for a test, Pwned Passwords files to make it from, in each form they
come in, and what `auth_breached` says to them."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from accounts.passwords import breached, breached_load
from accounts.passwords.breached import BreachedFile
from accounts.passwords.breached_sources import source_at


def lines_of(passwords: Iterable[str], count: int = 7) -> list[str]:
    """The lines of Pwned Passwords, in their order."""
    return sorted(f"{breached.sha1(one).hex().upper()}:{count}" for one in passwords)


def write(path: Path, passwords: Iterable[str]) -> Path:
    path.write_text("\r\n".join(lines_of(passwords)) + "\r\n")
    return path


def breach(settings, folder: Path, *passwords: str) -> Path:
    """From now on these are known from a breach, and no others."""
    target = folder / "breached.bin"
    source = write(folder / f"pwned-{time.monotonic_ns()}.txt", passwords)
    breached_load.load(source_at(source), target, least=1)
    settings.BREACHED_PASSWORDS_FILE = str(target)
    return target


MANY = [f"password number {number}" for number in range(3000)]
LINES = lines_of(MANY)


def run(*arguments: object) -> tuple[str, str, int]:
    """What a command prints, what it warns of, and its exit code."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("auth_breached", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
        code = error.returncode
    except SystemExit as ended:
        code = int(ended.code or 0)
    return out.getvalue(), err.getvalue(), code


def facts(*arguments: object) -> dict[str, Any]:
    said, _warned, code = run(*arguments, "--json")
    assert code == 0, _warned
    return json.loads(said)


def knows_all(target: Path) -> bool:
    file = BreachedFile(target)
    file.verify()
    return file.header.entries == len(MANY) and all(one in file for one in MANY)


def plain(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")


def with_carriage_returns(path: Path, lines: list[str]) -> None:
    path.write_text("\r\n".join(lines) + "\r\n")


def without_an_end(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines))


def in_small_letters(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines).lower() + "\n")


def packed(path: Path, lines: list[str]) -> None:
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


def packed_in_parts(path: Path, lines: list[str]) -> None:
    half = len(lines) // 2
    parts = ("\n".join(lines[:half]) + "\n", "\n".join(lines[half:]) + "\n")
    path.write_bytes(b"".join(gzip.compress(part.encode()) for part in parts))


FORMS = [plain, with_carriage_returns, without_an_end, in_small_letters, packed, packed_in_parts]
