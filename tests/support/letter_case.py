"""What a case of a letter is (tests/support/letter_cases.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accounts.outbox.letters import Happening, Letter

HAPPENED = Happening(
    at=datetime(2026, 11, 23, 9, 14, tzinfo=UTC),
    device="Firefox on Linux",
    place="203.0.113.7",
    how="Reset link",
    time_zone="America/New_York",
)
TABLE = ["23 November 2026, 04:14 (New York)", "Firefox on Linux", "203.0.113.7", "Reset link"]


@dataclass(frozen=True)
class Case:
    """One letter, the facts that both its parts must tell, and whether it carries a link."""

    make: Callable[..., Letter]
    arguments: dict[str, Any]
    facts: list[str]
    link: str = ""


def case(make: Callable[..., Letter], *facts: str, link: str = "", **arguments: Any) -> Case:
    if link:
        arguments["link"] = link
    if "happened" in arguments:
        facts = (*facts, *TABLE)
    return Case(make, arguments, list(facts), link)
