"""What a browser does with the page of the bot check: reads it, solves it, sends it on."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse

from tests.support.elements import Elements
from tests.support.visitor import Visitor


def asked(answer: HttpResponse) -> bool:
    """Whether this is that page, and nothing else was answered."""
    return answer.status_code == 429 and "A short check" in answer.content.decode()


def carried(answer: HttpResponse) -> dict[str, str]:
    """The form as the page has it, without the token against forgery."""
    assert asked(answer), answer.content.decode()[:400]
    inputs = Elements(answer.content.decode()).of("input")
    fields = {one["name"]: one.get("value", "") for one in inputs if one["type"] == "hidden"}
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def solution(answer: HttpResponse, *, spoilt: bool = False) -> str:
    (form,) = [one for one in Elements(answer.content.decode()).of("form") if "data-salt" in one]
    numbers = [
        _number(f"{form['data-salt']}:{place}:", int(form["data-bits"]))
        for place in range(int(form["data-rounds"]))
    ]
    return ",".join(["00000000", *numbers[1:]] if spoilt else numbers)


def _number(opening: str, bits: int) -> str:
    for number in range(10**8):
        digest = hashlib.sha256(f"{opening}{number:08}".encode()).digest()
        if int.from_bytes(digest[:4], "big") >> (32 - bits) == 0:
            return f"{number:08}"
    raise AssertionError


def solves(browser: Visitor, answer: HttpResponse, path: str, **other: Any) -> HttpResponse:
    """The page of the check, solved and sent on; `other` are fields that are said otherwise."""
    fields = carried(answer) | {"bot_answer": solution(answer)} | other
    return browser.post(path, fields)


def waits(browser: Visitor, answer: HttpResponse, path: str, **other: Any) -> HttpResponse:
    """The same without script: only the button is pressed."""
    return browser.post(path, carried(answer) | other)
