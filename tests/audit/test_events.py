"""The vocabulary is closed, documented, and says what each event may carry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from audit.events import Event
from audit.facts import Count, FactRefused, Maybe, OneOf, Prose, SomeOf, Word, cleaned
from tests.support import papers

# What `trail.record` and `credentials.moved` take besides facts.
ABOUT_THE_CALL = {
    *("actor", "subject", "request", "label", "letters", "end_others", "undo"),
    *("two", "after", "before", "tell", "about"),  # of mfa.flows.changes.make
}


def test_the_catalogue_in_the_docs_is_the_vocabulary() -> None:
    assert papers.EVENTS.read_text() == papers.events(), papers.HOW_TO_WRITE


@pytest.mark.parametrize("event", Event)
def test_an_event_has_a_room_a_deed_and_a_sentence(event: Event) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", event.value)
    assert len(event.value) <= 60
    assert re.fullmatch(r"[A-Z].*\.", event.meaning)


def test_no_event_carries_a_fact_that_is_personal_or_secret_by_its_name() -> None:
    personal = re.compile(r"pass(word|phrase)$|secret|token|code$|email$|address|ip$|phone|label")
    named = {fact for event in Event for fact in event.allowed}
    assert [fact for fact in named if personal.search(fact)] == []


# It lists which events tell of a limit.
LISTS = papers.ROOT / "accounts" / "lockout" / "known.py"


def recorded() -> Iterator[tuple[str, Event, ast.Call]]:
    """Every call in the product that names an event as what happened, and where it stands."""
    for room in ("accounts", "mfa", "idp", "authsite"):
        for path in sorted({*(papers.ROOT / room).rglob("*.py")} - {LISTS}):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and not _only_reads(node):
                    for event in _named(node):
                        yield f"{path.name}:{node.lineno}", event, node


def _named(call: ast.Call) -> list[Event]:
    return [
        Event[argument.attr]
        for argument in call.args
        if isinstance(argument, ast.Attribute) and ast.unparse(argument.value) == "Event"
    ]


def _only_reads(call: ast.Call) -> bool:
    """A mapping that is asked for an event, or an object that is made with one."""
    name = ast.unparse(call.func).rpartition(".")[2]
    return name == "get" or name[:1].isupper()


# Functions that add facts of their own to the event they are given.
ADDED = {key: {"act", "approval", "reason"} for key in ("record", "approvals.record")}


def test_the_product_records_only_facts_that_its_events_carry() -> None:
    calls = list(recorded())
    assert len(calls) > 10
    for where, event, call in calls:
        given = {keyword.arg for keyword in call.keywords} - ABOUT_THE_CALL
        given |= ADDED.get(ast.unparse(call.func), set())
        needed = {name for name, kind in event.allowed.items() if not isinstance(kind, Maybe)}
        assert given <= set(event.allowed), where
        assert needed <= given, where


def test_nothing_is_recorded_outside_the_vocabulary() -> None:
    with pytest.raises(ValueError, match="invented"):
        Event("account.invented")


@pytest.mark.parametrize(
    ("kind", "good", "stored"),
    [
        (OneOf(("wrong", "right")), "wrong", "wrong"),
        (SomeOf(("b", "a")), ["b", "a", "b"], ["a", "b"]),
        (SomeOf(("b", "a")), {"a"}, ["a"]),
        (Count(3), 0, 0),
        (Count(3), 3, 3),
        (Word(), "auth_keys", "auth_keys"),
        (Prose(20), " ticket 4411 ", "ticket 4411"),
        (Prose(20), "a\nb\x1b[31m", "a\\u000ab\\u001b[31m"),
        (Prose(20), "\u202egnp.exe", "\\u202egnp.exe"),
        (Prose(20), "\ud800", "\\ud800"),
        (Prose(20), "Ångström 日本 🙂", "Ångström 日本 🙂"),
    ],
)
def test_a_fact_of_its_kind_is_stored_inert(kind, good, stored) -> None:
    assert cleaned({"fact": kind}, {"fact": good}) == {"fact": stored}


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (OneOf(("wrong",)), "hunter2"),
        (OneOf(("wrong",)), 1),
        (OneOf(("wrong",)), ["wrong"]),
        (OneOf(("wrong",)), None),
        (SomeOf(("name",)), "name"),
        (SomeOf(("name",)), ["password"]),
        (SomeOf(("name",)), {"name": "hunter2"}),
        (Count(3), 4),
        (Count(3), -1),
        (Count(3), True),
        (Count(3), 1.0),
        (Count(3), "1"),
        (Word(5), "longer"),
        (Word(), "two words"),
        (Word(), "line\n"),
        (Word(), "ｗide"),
        (Word(), ""),
        (Prose(5), "longer"),
        (Prose(5), "x" * 70_000),
        (Prose(5), " \n"),
        (Prose(5), b"bytes"),
        (Maybe(Count(3)), 4),
    ],
)
def test_a_fact_of_another_kind_is_refused_without_being_repeated(kind, bad) -> None:
    with pytest.raises(FactRefused) as refusal:
        cleaned({"fact": kind}, {"fact": bad})
    assert "fact" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_fact_the_event_does_not_name_is_refused() -> None:
    with pytest.raises(FactRefused, match="password"):
        cleaned({}, {"password": "hunter2"})


def test_a_fact_may_be_left_out_only_where_the_event_says_so() -> None:
    for given in ({}, {"fact": None}):
        assert cleaned({"fact": Maybe(Count())}, given) == {}
        with pytest.raises(FactRefused, match="fact is missing"):
            cleaned({"fact": Count()}, given)
