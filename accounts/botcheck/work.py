"""A proof of work: cheap for one person's browser, dear for whoever wants thousands.

The server keeps nothing of a challenge until it is solved: salt, cost and end are signed and bound
to what is asked for and to the network. It is solved by one number for each of its rounds, with
which SHA-256 of `salt:round:number` begins with `bits` zero bits. Many small rounds and not a big
one, so that luck decides little: nobody waits ten times longer than others (static/botcheck/).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.botcheck.signed import now, opened, sign
from accounts.botcheck.spent import spend

KIND = "work"
LIFE_MS = 5 * 60_000
BITS = 12
FEWEST_ROUNDS, MOST_ROUNDS = 8, 20
DIGITS = 8


@dataclass(frozen=True)
class Challenge:
    """What the browser is asked: `text` is given back with the answer."""

    text: str
    salt: str
    rounds: int
    bits: int = BITS
    digits: int = DIGITS


def challenge(purpose: str, network: str, strain: float) -> Challenge:
    """One that costs the more, the nearer its budget is to the end: `strain` from 0 to 1."""
    rounds = FEWEST_ROUNDS + round(min(1.0, strain) * (MOST_ROUNDS - FEWEST_ROUNDS))
    salt = secrets.token_urlsafe(16)
    text = sign(KIND, now() + LIFE_MS, rounds, salt, bound=(purpose, network))
    return Challenge(text, salt, rounds)


def is_solved(text: str, answer: str, *, purpose: str, network: str) -> bool:
    """Whether `answer` solves one of our challenges, in time, for the first time. The first to say
    so uses it up."""
    facts = opened(KIND, text, bound=(purpose, network))
    if not facts or int(facts[0]) < now():
        return False
    ends, rounds, salt = int(facts[0]), int(facts[1]), facts[2]
    numbers = answer.split(",", rounds)
    if len(numbers) != rounds or not all(
        _fits(salt, place, number) for place, number in enumerate(numbers)
    ):
        return False
    return spend(text, datetime.fromtimestamp(ends / 1000, UTC))


def _fits(salt: str, place: int, number: str) -> bool:
    if len(number) != DIGITS or not (number.isascii() and number.isdigit()):
        return False
    digest = hashlib.sha256(f"{salt}:{place}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - BITS) == 0
