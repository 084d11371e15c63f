"""A command of manage.py as a shell meets it."""

from __future__ import annotations

from io import StringIO

from django.core.management import CommandError, call_command


def run(command: str, *arguments: str) -> tuple[str, int]:
    """What it said, on both streams, and how it ended."""
    out, code = StringIO(), 0
    try:
        call_command(command, *arguments, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
        code = error.returncode
    except SystemExit as left:
        code = int(str(left.code))
    return out.getvalue(), code
