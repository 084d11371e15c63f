"""A waiting ticket: for browsers without script, and for whoever would rather wait than reckon.

The server keeps nothing of it until it is used. It is bound to what is asked for, the network and
the name that was typed, good once, and of all the tickets of one network one is let through in the
time that each has to wait: collecting them gains nothing. What it opens spends the same budget as
any other way.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from accounts.botcheck.signed import now, opened, sign
from accounts.botcheck.spent import is_spent, spend
from accounts.lockout import budgets
from accounts.lockout.buckets import spelling
from audit.sealing import keyed_digest

KIND = "ticket"
LIFE_MS = 15 * 60_000  # besides the wait


@dataclass(frozen=True)
class Ticket:
    """`seconds` are still to be waited; none when it was let through. An `early` one was shown too
    soon and stays good."""

    text: str
    seconds: int
    early: bool = False
    passed: bool = False


def issue(purpose: str, network: str, identifier: str) -> Ticket:
    bound = _bound(purpose, network, identifier)
    text = sign(KIND, now(), secrets.token_urlsafe(16), bound=bound)
    return Ticket(text, settings.POLICY_BOT_CHECK_WAIT_SECONDS)


def show(text: str, *, purpose: str, network: str, identifier: str) -> Ticket:
    """Use a ticket; a new one in the place of one that is none of ours, was used or has ended."""
    facts = opened(KIND, text, bound=_bound(purpose, network, identifier))
    wait = settings.POLICY_BOT_CHECK_WAIT_SECONDS * 1000
    age = now() - int(facts[0]) if facts else -1
    if not 0 <= age < wait + LIFE_MS:
        return issue(purpose, network, identifier)
    if age < wait:
        return Ticket(text, -(-(wait - age) // 1000), early=True)
    if is_spent(text):  # before the line: who brings it again and again keeps nobody waiting
        return issue(purpose, network, identifier)
    if seconds := _line(network):
        return Ticket(text, seconds, early=True)
    ends = datetime.fromtimestamp((int(facts[0]) + wait + LIFE_MS) / 1000, UTC)
    if not spend(text, ends):
        return issue(purpose, network, identifier)
    return Ticket(text, 0, passed=True)


def _line(network: str) -> int:
    """Take the network's one place, or say in how many seconds it is free again."""
    seconds = settings.POLICY_BOT_CHECK_WAIT_SECONDS
    one = budgets.Budget("waiting_tickets", lambda: 1, timedelta(seconds=seconds))
    try:
        budgets.spend(one, network)
    except budgets.TooManyTries as refusal:
        return refusal.seconds
    return 0


def _bound(purpose: str, network: str, identifier: str) -> tuple[str, ...]:
    return (purpose, network, keyed_digest(spelling(identifier), purpose="bot check name"))
