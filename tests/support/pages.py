"""Reading answers as a person would, and comparing them as an attacker would."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.http import HttpResponse

# What differs from one answer to the next for everybody.
_CHANGING = (
    re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"'),
    re.compile(r'name="bot_\w+" value="[^"]+"'),
    re.compile(r'data-salt="[^"]+"'),
    re.compile(r"'nonce-[^']+'"),
    re.compile(r'nonce="[^"]+"'),
)
_CHANGING_HEADERS = {"X-Request-ID", "Content-Length"}


def text_of(answer: HttpResponse) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def errors_of(answer: HttpResponse) -> str:
    """What the error summary says; fails if there is none, or it does not open the title."""
    page = answer.content.decode()
    summary = re.search(r'<[^>]+role="alert".*?</ul>', page, re.DOTALL)
    assert summary, text_of(answer)
    assert "<title>Error: " in re.sub(r"<title>\s+", "<title>", page)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", summary.group())))


def bare(answer: HttpResponse, echo: str = "") -> dict[str, Any]:
    """Status, headers, cookies and body without what changes each time, `echo` taken out."""
    body = answer.content.decode()
    headers = {name: value for name, value in answer.items() if name not in _CHANGING_HEADERS}
    for pattern in _CHANGING:
        body = pattern.sub("", body)
        headers = {name: pattern.sub("", value) for name, value in headers.items()}
    if echo:
        body = body.replace(echo, "ECHO")
        headers = {name: value.replace(echo, "ECHO") for name, value in headers.items()}
    cookies = {
        name: (bool(cookie.value), cookie["path"], cookie["max-age"], cookie["samesite"])
        for name, cookie in answer.cookies.items()
    }
    return {"status": answer.status_code, "headers": headers, "cookies": cookies, "body": body}


def same_bytes(one: HttpResponse, other: HttpResponse, echo: tuple[str, str] = ("", "")) -> bool:
    """Whether two answers are the same but for tokens and what was typed."""
    left, right = bare(one, echo[0]), bare(other, echo[1])
    for part in left:
        assert left[part] == right[part], part
    return True
