"""Log lines that a machine can read, that nobody can forge, and that hold no key.

Standard library only: gunicorn's master loads this too, and must hold nothing of the site that a
reload is meant to renew.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

# Control, bidirectional and zero-width characters: they would let typed text imitate other lines.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
# A part of a path with the shape of a random key: long, and not just small letters and hyphens.
_KEY = re.compile(r"""(?<=/)(?=[^\s/?#'".]*[A-Z0-9:])[^\s/?#'".]{16,}""")
_QUERY = re.compile(r"""(/[^\s?'"]*)\?[^\s'"]+""")
MESSAGE_LENGTH = 4000


def printable(text: str) -> str:
    """`text` with every character that could move, hide or break a line shown as an escape."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text[:MESSAGE_LENGTH])


def hide_keys(text: str) -> str:
    """`text` without the query strings and the mailed keys of the addresses in it.

    Whoever reads a log must not be able to follow a reset link out of it (ASVS 16.2.5).
    """
    return _KEY.sub("[key]", _QUERY.sub(r"\1?[query]", text))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in UTC: time, level, logger, message, request id, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hide_keys(printable(record.getMessage())),
        }
        request = getattr(record, "request", None)
        if request_id := getattr(request, "request_id", ""):
            line["request_id"] = request_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-MESSAGE_LENGTH:]
        return json.dumps(line, ensure_ascii=True)


class PlainFormatter(logging.Formatter):
    """The same for people: time of day, level where it is not "info", message, whole traceback."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        message = hide_keys(printable(record.getMessage()))
        line = f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S} {level}{message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def formatter(kind: str) -> logging.Formatter:
    return PlainFormatter() if kind == "plain" else JsonFormatter()
