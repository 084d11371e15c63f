"""Short texts that a page carries and that only this site can have made for this use."""

from __future__ import annotations

import hmac
import json
import time

from audit.sealed import KeyedDigests
from audit.sealing import keyed_digest

DIGESTS = KeyedDigests(
    "puzzles and tickets of the bot check, in open pages",
    ("bot check ",),
    "they are refused and asked for anew",
)


def sign(kind: str, *facts: object, bound: tuple[str, ...]) -> str:
    """`facts` with a signature that holds for `kind` and `bound` alone. What it is bound to is not
    in the text: whoever brings it back is asked for it again."""
    body = ".".join(str(fact) for fact in facts)
    return f"{body}.{_signature(kind, body, bound)}"


def opened(kind: str, text: str, *, bound: tuple[str, ...]) -> list[str]:
    """The facts of what `sign` made with the same `kind` and `bound`, else an empty list."""
    body, _, signature = text.rpartition(".")
    good = hmac.compare_digest(_signature(kind, body, bound).encode(), signature.encode())
    return body.split(".") if good else []


def now() -> int:
    """This moment in milliseconds, as the texts carry it."""
    return int(time.time() * 1000)


def _signature(kind: str, body: str, bound: tuple[str, ...]) -> str:
    return keyed_digest(json.dumps([body, *bound]), purpose=f"bot check {kind}")
