"""Log lines of what nobody should have sent: one line each, of characters that stand still."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from authsite.logs import formatter, hide_keys
from tests.site.test_logs import TYPED, line, log, visitor
from tests.support.visitor import Visitor

__all__ = ["log", "visitor"]

HOSTILE = {
    "lines": "x\r\n12:00:00 admin signed in\n\x85\u2028\u2029\x0b\x0c",
    "ansi": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b31m",
    "bidi": "\u202eevil\u2066\u2067\u2069\u200f\u061c",
    "unseen": "a\u200b\u2060\ufeff\xad\U000e0041\x00\x7f",
    "not UTF-8": b"caf\xe9 \xff\xfe \xc3\x28 \xed\xa0\x80".decode("utf-8", "surrogateescape"),
    "half a pair": "\ud83d \udca9",
    "markup": "<script>alert(1)</script>\"}\n{\"level\": \"info\"",
    "long": "A\n\x1b" * 2800,
    "percent": "%s %d %(a)s %",
}  # fmt: skip
WHERE: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "message": lambda text: (text,),
    "argument": lambda text: ("Invalid name %s", text),
    "path": lambda text: ("Not Found: %s", f"/accounts/{text}"),
    "named": lambda text: ("Invalid name %(name)s", {"name": text}),
    "object": lambda text: ("Invalid name %r", [text, text.encode("utf-8", "surrogatepass")]),
    "error": lambda text: ("Failed: %s", ValueError(text)),
    "lost": lambda text: ("Of two %s %s", text),
}


def warn(message: Any, *args: Any) -> None:
    """To the site's own handler alone: that of the test runner keeps what is said as it came."""
    (handler,) = [one for one in logging.getLogger().handlers if one.name == "stderr"]
    handler.handle(logging.LogRecord("x", logging.WARNING, "", 0, message, args, None))


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_was_sent_stays_one_line(log: io.StringIO, what: str, where: str) -> None:
    warn(*WHERE[where](HOSTILE[what]))
    written = log.getvalue()
    assert written.endswith("\n") and len(written) < 30_000
    said = written[:-1]
    assert said.isprintable() and said.splitlines() == [said]
    said.encode()  # what is half a character has no place in a file
    if said.startswith("{"):
        assert said.isascii() and json.loads(said)["level"] == "warning"


@pytest.mark.parametrize("path", ["/caf%E9", "/%1B%5B31m", "/a%0d%0ab", "/%E2%80%AE", "/%ED%A0%80"])
def test_a_path_nobody_can_read_is_one_line(visitor: Visitor, log: io.StringIO, path: str) -> None:
    assert visitor.get(path).status_code == 404
    (said,) = log.getvalue().splitlines()
    assert said.isprintable() and "Not Found: /" in said


class Speechless:
    def __str__(self) -> str:
        raise RuntimeError(TYPED)

    __repr__ = __str__


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("100% of %s", [TYPED]),
        ("%d tries", [TYPED]),
        ("%s %s", [TYPED]),
        ("%(name)s", [{"other": TYPED}]),
        ("%s", [Speechless()]),
        (Speechless(), []),
    ],
    ids=["percent", "number", "few", "unnamed", "speechless", "speechless message"],
)
def test_arguments_that_do_not_fit_are_named_and_not_printed(
    log: io.StringIO, capsys: pytest.CaptureFixture[str], message: Any, args: list[Any]
) -> None:
    """Logging itself would print them, and a traceback, past every form of ours."""
    warn(message, *args)
    (said,) = log.getvalue().splitlines()
    assert "Error" in said and TYPED not in said
    assert "Logging error" not in capsys.readouterr().err


def test_an_error_among_named_arguments_loses_its_words_too() -> None:
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "%(e)s", ({"e": ValueError(TYPED)},), None
    )
    assert TYPED not in formatter("json").format(record)


def test_a_query_is_found_behind_any_number_of_slashes() -> None:
    """In one look at each word: to try from each slash anew takes a quarter of a second here."""
    for before in ("/" * 3900, "/a" * 1900, "a?b/" * 900):
        assert "secret" not in line(f"Not Found: {before}?code=secret")
    assert line("Why? Nobody knows: /help/?").count("[query]") == 0
    assert hide_keys("a?b /c?d e?/f?g '/h?i'") == "a?b /c?[query] e?/f?[query] '/h?[query]'"
