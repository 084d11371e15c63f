"""What a rule says, and what every rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from audit.alerts.facts import Facts

Limits = Mapping[str, Any]


class About(StrEnum):
    """What the rule's alerts are about: the site, a person, an account (which may be a name that nobody
    has), a network."""

    SITE = "site"
    PERSON = "person"
    ACCOUNT = "account"
    NETWORK = "network"


class Sum(StrEnum):
    """How numbers of the same hour are put together, when something is found again."""

    NEWEST = "newest"
    ADDED = "added"
    HIGHEST = "highest"


@dataclass(frozen=True)
class Finding:
    """`since`: what was closed after that is not opened anew by it; None where it is news by itself, an
    event. `times`: how often that happened."""

    since: datetime | None
    found: Mapping[datetime, float]
    usual: Mapping[datetime, float] = field(default_factory=dict)
    about: str = ""
    times: int = 1


@dataclass(frozen=True)
class Rule:
    """`look` decides by its arguments alone. `number` is what is counted, in words; `title` says what
    was found."""

    name: str
    title: str | Promise
    number: str | Promise
    look: Callable[[Facts, Limits], Iterable[Finding]]
    about: About = About.SITE
    sums: Sum = Sum.NEWEST
    is_critical: bool = False

    @property
    def is_of_events(self) -> bool:
        """Whether what happened is counted one by one; else the hours in which it was found are."""
        return self.sums == Sum.ADDED
