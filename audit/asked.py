"""What was asked for of the trail and of people, as its entry tells it: never what was typed."""

from __future__ import annotations

from audit.facts import Kind, Maybe, SomeOf, Word

OF_PEOPLE = SomeOf(
    ("search", "filter", "lockouts", "messages", "recoveries", "attacked", "approvals", "alerts")
)
OF_THE_TRAIL: dict[str, Kind] = {
    "asked": SomeOf(("event", "person", "role", "network", "address", "request", "days")),
    "kind": Maybe(Word()),
    "of_role": Maybe(Word(20)),
    "network": Maybe(Word(64)),
    "host": Maybe(Word(64)),
    "of_request": Maybe(Word(32)),
    "since": Maybe(Word(10)),
    "until": Maybe(Word(10)),
}
