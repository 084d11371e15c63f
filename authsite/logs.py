"""Log lines that a machine can read, that nobody can forge, and that hold no key and no typed value.

Standard library only: gunicorn's master loads this too, and must hold nothing of the site that a
reload is meant to renew.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Control, bidirectional and zero-width characters: they would let typed text imitate other lines.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
# A part of a path with the shape of a random key: long, and not just small letters and hyphens.
_KEY = re.compile(r"""(?:(?<=/)|(?<=%2F)|(?<=%2f))(?=[^\s/?#'".]*[A-Z0-9:])[^\s/?#'".]{16,}""")
_KEY_PART = re.compile(r"(?=.*[A-Z0-9:]).{16,}", re.DOTALL)
_WORD = re.compile(r"""[^\s'"]+""")
STATIC = "/static/"
MESSAGE_LENGTH = 4000
LONGEST_TRACEBACK = 40
HERE = f"{Path(__file__).resolve().parent.parent}/"
OURS = ("accounts", "audit", "authsite", "idp", "mfa")
# Words that settings.py and the libraries have for the operator, at a start that fails.
FOR_OPERATORS = "django.core.exceptions.ImproperlyConfigured"


def printable(text: str) -> str:
    """`text` with every character that could move, hide or break a line shown as an escape."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text[:MESSAGE_LENGTH])


def hide_keys(text: str) -> str:
    """`text` without the query strings and the mailed keys of the addresses in it.

    Whoever reads a log must not be able to follow a reset link out of it (ASVS 16.2.5).
    """
    return _KEY.sub("[key]", _WORD.sub(_without_query, text))


def _without_query(word: re.Match[str]) -> str:
    """By hand: an expression that looks for the question mark from each slash on takes a quarter of a
    second over a path of 4000 slashes, for each line that names it."""
    said = word.group()
    slash = said.find("/")
    mark = said.find("?", slash)
    has_query = 0 <= slash < mark < len(said) - 1
    return f"{said[:mark]}?[query]" if has_query else said


def hide_keys_of(path: str) -> str:
    """The same for what is known to be one path: there a blank or a quote ends no part of it."""
    if path.startswith(STATIC):  # names of files, with the digest of their content in them
        return hide_keys(path)
    parts = path.partition("?")[0].split("/")
    return "/".join("[key]" if _KEY_PART.fullmatch(part) else part for part in parts)


# --- Errors ---------------------------------------------------------------------------------------


def without_words(error: BaseException) -> str:
    """What kind of error, and for errors of our own and of a failing start what it says.

    SECURITY: the words of any other quote what was typed (`int("…")`, a database's "Key (email)=(…)
    already exists"), and people type passwords into every field (ASVS 16.2.5).
    """
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    if kind.__module__.partition(".")[0] in OURS or name == FOR_OPERATORS:
        return f"{name}: {hide_keys(printable(str(error)))}"
    code: object = None
    if isinstance(error, SyntaxError):
        code = f"{_short(error.filename or '?')}:{error.lineno}"
    elif isinstance(error, ImportError):
        code = error.name
    elif isinstance(error, OSError):
        code = errno.errorcode.get(error.errno or 0)
    code = code or getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return f"{name} [{printable(str(code))}]" if code else name


def trace(error: BaseException) -> str:
    """Where an error and those behind it come from, line by line: places and kinds, no words."""
    return "\n".join(_trace(error, set()))


def _trace(error: BaseException, seen: set[int]) -> list[str]:
    seen.add(id(error))
    lines = []
    former = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if former is not None and id(former) not in seen:
        lines += _trace(former, seen)
        lines.append("which led to:" if error.__cause__ else "and while that was handled:")
    places = [
        f"  {_short(frame.f_code.co_filename)}:{number} {frame.f_code.co_name}"
        for frame, number in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith("<frozen ")
    ]
    if len(places) > LONGEST_TRACEBACK:
        places = ["  …", *places[-LONGEST_TRACEBACK:]]
    lines += [*map(printable, places), without_words(error)]
    if isinstance(error, BaseExceptionGroup):
        for number, one in enumerate(error.exceptions, 1):
            lines += [f"{number} of {len(error.exceptions)}:", *_trace(one, seen)]
    return lines


def _short(filename: str) -> str:
    """Inside the tree or its packages: from there on, as one would look for it."""
    return filename.rpartition("/site-packages/")[2].removeprefix(HERE)


class PlainRefusals(logging.Filter):
    """A refused request (4xx) is one plain warning: nothing of ours broke, whatever Django says.

    Without this a wrong Host header, which anybody can send, is an error with a traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if 400 <= getattr(record, "status_code", 0) < 500:
            record.exc_info = record.exc_text = None
            if record.levelno > logging.WARNING:
                record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


# --- Lines ----------------------------------------------------------------------------------------


def message_of(record: logging.LogRecord) -> str:
    """What a record says, on one line, without keys and without the words of errors."""
    if isinstance(record.msg, BaseException):
        return without_words(record.msg)
    return hide_keys(printable(_filled_in(record)))


def _filled_in(record: logging.LogRecord) -> str:
    """The message with its arguments. SECURITY: what does not fit is not raised, or logging would
    print message, arguments and traceback as they are, on lines of their own."""
    args = record.args
    try:
        message = str(record.msg)
    except Exception as error:
        return without_words(error)
    try:
        if isinstance(args, Mapping):
            return message % _Arguments(args)
        return message % tuple(map(_argument, args)) if args else message
    except Exception as error:
        return f"{message} [{without_words(error)}]"


class _Arguments(dict[str, object]):
    """Of a record, each as it may be said. What is not there, the record itself may know a word for:
    gunicorn says "-" for a header that was not sent."""

    def __init__(self, args: Mapping[str, object]) -> None:
        super().__init__({name: _argument(value) for name, value in args.items()})
        self.args = args

    def __missing__(self, name: str) -> object:
        return _argument(self.args[name])


def _argument(value: object) -> object:
    if isinstance(value, BaseException):
        return without_words(value)
    return hide_keys_of(value) if isinstance(value, str) and value.startswith("/") else value


def error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in UTC: time, level, logger, message, request id, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
        }
        request = getattr(record, "request", None)
        if request_id := getattr(request, "request_id", ""):
            line["request_id"] = request_id
        if error := error_of(record):
            line["traceback"] = trace(error)[-MESSAGE_LENGTH:]
        return json.dumps(line, ensure_ascii=True)


class PlainFormatter(logging.Formatter):
    """The same for people: time of day, level where it is not "info", message, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        at = datetime.fromtimestamp(record.created).astimezone()
        line = f"{at:%H:%M:%S} {level}{message_of(record)}"
        return f"{line}\n{trace(error)}" if (error := error_of(record)) else line


def formatter(kind: str) -> logging.Formatter:
    return PlainFormatter() if kind == "plain" else JsonFormatter()
