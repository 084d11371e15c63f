"""By whose hands something was done, where the actor of its entry does not say it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.facts import Count, Json, Kind, Maybe, OneOf, Word

ANY_ENTRY = 2**63 - 1
# At the command line nobody is signed in: the entry has no actor, and this fact (`trail.OPERATOR`).
BY_OPERATOR = "operator"
OPERATORS: dict[str, Kind] = {"by": Maybe(OneOf((BY_OPERATOR,)))}
# What took two of staff: the number of the request that its own entries have, and as opaque ids whoever
# asked for it, or said yes to it, besides the actor.
OF_TWO: dict[str, Kind] = {
    "approval": Maybe(Count(ANY_ENTRY)),
    "asked_by": Maybe(Word(64)),
    "approved_by": Maybe(Word(64)),
}


@dataclass(frozen=True)
class Operator:
    """Whoever acts at the command line: nobody that the trail has a name for."""

    subject_id: str = ""


@dataclass(frozen=True)
class Two:
    """Of what took two: the request for it, and whoever besides the actor had a hand in it, as opaque
    ids. Empty where it took one."""

    approval: int = 0
    asked_by: str = ""
    approved_by: str = ""

    @property
    def facts(self) -> dict[str, Json]:
        given = {name: getattr(self, name) for name in OF_TWO}
        return {name: value for name, value in given.items() if value}


def is_operators(facts: Mapping[str, Json]) -> bool:
    return facts.get("by") == BY_OPERATOR


def besides(facts: Mapping[str, Json]) -> set[str]:
    """The opaque ids of those who had a hand in it besides the actor."""
    return {str(facts[name]) for name in ("asked_by", "approved_by") if facts.get(name)}
