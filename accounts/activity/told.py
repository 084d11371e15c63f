"""How one kind of event is told to the person it is about.

Each room keeps the sentences of its own events and hands them in by its `Panel`
(accounts/panels.py): an event without a verdict there fails a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from audit import hands
from audit.events import Event
from audit.trail import Line

Words = str | Promise


class Kind(StrEnum):
    """What the list is filtered by; OTHER is in no filter."""

    SIGN_IN = "sign-ins"
    FAILED = "failed"
    CHANGE = "changes"
    OTHER = ""


@dataclass(frozen=True)
class Told:
    """`say(line)` is the sentence, in the language that is active, from facts that may be missing.

    `is_try`: one of those that are counted together as "5 failed tries". `gives_reason`: the fact
    `reason` is what staff wrote for the person (their letter has it too)."""

    kind: Kind
    icon: str
    say: Callable[[Line], Words]
    is_try: bool = False
    gives_reason: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it is the deed of somebody who may, or may not, have been the person."""
        return self.kind is not Kind.OTHER


# None for what is deliberately not shown.
Sentences = Mapping[Event, Told | None]


def plainly(words: Words) -> Callable[[Line], Words]:
    """The same sentence, whatever the facts."""
    return lambda line: words


def by_fact(name: str, sentences: Mapping[str, Words], otherwise: Words) -> Callable[[Line], Words]:
    """A sentence for each value of one fact."""
    return lambda line: sentences.get(str(line.facts.get(name, "")), otherwise)


def is_by_staff(line: Line) -> bool:
    """Whether somebody else than the person did it: staff, or an operator, of whom the trail has no
    name. Whoever it was is not told, nor the device and the network of the desk."""
    return (
        bool(line.actor_id and line.actor_id != line.subject_id)
        or hands.is_operators(line.facts)
        or line.event.startswith(("staff.", "command."))
    )
