"""What `auth_events export` does: entries of the trail as a file for an operator, addresses and all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accounts.management.interrupts import Interrupts
from accounts.management.operator import FAILED, WRONG_USAGE, OperatorCommand, why
from accounts.management.progress import Progress
from accounts.staff_asked import Asked, AskForm, read
from audit import exporting, searching, trail
from audit.trail import Line

WATCHED = 20_000  # entries
MOST_NAMED = 20
AT_ONCE = 1_000
EVERYTHING = 2**63 - 1
Write = Callable[[str], object]


def run(command: OperatorCommand, options: dict[str, Any], progress: Progress) -> None:
    """To standard output, or to the file that `--output` names."""
    output = options["output"]
    if command.as_json and output is None:
        raise CommandError("--json needs --output FILE.", returncode=WRONG_USAGE)
    asked = _asked(options)
    format = options["format"]
    with _opened(output, command) as write:
        exporting.record(asked.facts, format=format, networks="with", actor=trail.OPERATOR)
        entries, left_out = _written(write, asked, format, progress)
    if left_out:
        numbers = ", ".join(map(str, left_out[:MOST_NAMED]))
        more = ", …" if len(left_out) > MOST_NAMED else ""
        command.tell(
            f"Left out, as they hold what this site never writes: {numbers}{more}."
            f" {len(left_out):,} in all: have the trail verified."
        )
    if output is None:
        command.tell(f"{entries:,} entries.")
    else:
        facts = {"entries": entries, "format": format, "output": output, "left_out": left_out}
        command.report(facts, [f"{entries:,} entries written to {output}."])


def _asked(options: dict[str, Any]) -> Asked:
    """As staff ask (accounts/staff_asked.py), in words of the command line."""
    names = {"who": "person", "since": "from", "until": "to"}
    typed = {field: options[name] or "" for field, name in names.items()}
    form = AskForm(typed, with_addresses=True)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise CommandError(f"--{names[field]}: {errors[0]}", returncode=WRONG_USAGE)
    return read(form.query, with_addresses=True)


@contextmanager
def _opened(output: str | None, command: OperatorCommand) -> Iterator[Write]:
    """A file is new, readable by its owner alone, and gone again if it could not be finished."""
    if output is None:
        yield lambda piece: command.stdout.write(piece, ending="")
        return
    try:
        number = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"{output} cannot be made: {why(error)}.", returncode=FAILED) from None
    try:
        with open(number, "w", encoding="utf-8", newline="") as file:
            yield file.write
    except BaseException:
        Path(output).unlink(missing_ok=True)
        raise


def _written(write: Write, asked: Asked, format: str, progress: Progress) -> tuple[int, list[int]]:
    """How many were written, and the numbers of those that do not read."""
    left_out: list[int] = []
    done, first, oldest = 0, 0, searching.oldest(asked.sought)
    with Interrupts() as interrupts:

        def watched(chunks: Iterable[list[Line]]) -> Iterator[list[Line]]:
            nonlocal done, first
            for lines in chunks:
                interrupts.check()
                yield lines
                done += len(lines)
                first = first or lines[0].id
                if done >= WATCHED:
                    progress.at((first - lines[-1].id + 1) / (first - oldest + 1), done)

        try:
            found = searching.every(
                asked.sought, most=EVERYTHING, chunk=AT_ONCE, strange=left_out.extend
            )
            chunks = watched(found)
            for piece in exporting.written(chunks, format, with_addresses=True):
                write(piece)
        finally:
            progress.close()
    return done, left_out
