"""Nothing is decided by a row that somebody put into the trail with SQL: not that staff have told of
what they read, nor how much they took, nor that somebody was never one of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from accounts.flows import approvals, trail_export
from accounts.models import User
from audit import trail
from audit.events import Event
from audit.models import Entry, SubjectKey
from tests.accounts.test_staff_export import happens, take, taken
from tests.support.pages import errors_of
from tests.support.strange_rows import slip_in

pytestmark = pytest.mark.django_db

RECOVERY = "/admin/mfa/recoveryrequest/person"
SQLITE = connection.vendor == "sqlite"
NO_TEXT = ["CAST(x'ff' AS TEXT)"] if SQLITE else []
NEVER = "'infinity'"


def slipped(like: int, **columns: str) -> int:
    """One like the entry `like`, with these columns changed. What led there is as foreign as it is."""
    for column, value in columns.items():
        like = slip_in(column, value, like=like)
    return like


def page_of(person: User) -> str:
    return f"/admin/accounts/user/{person.pk}/change/"


def reads(person: User, ada: User) -> list[int]:
    """Of which this site knows: those that it wrote."""
    found = Entry.objects.filter(event=Event.STAFF_PERSON_READ, actor_id=ada.subject_id)
    ids = found.filter(subject_id=person.subject_id).values_list("id", flat=True)
    lines = (trail.entry_of(person.subject_id, one) for one in ids)
    return [line.id for line in lines if line and line.ours]


# --- what was read ----------------------------------------------------------------------------------


def test_what_was_read_is_told_once_a_minute(ada_here, ada, alice, clock):
    ada_here.get(page_of(alice))
    ada_here.get(page_of(alice))
    assert len(reads(alice, ada)) == 1
    clock.forward(seconds=61)
    ada_here.get(page_of(alice))
    assert len(reads(alice, ada)) == 2


@pytest.mark.parametrize("at", ["at", "'2099-01-01 00:00:00+00'"])
def test_a_row_slipped_in_lets_nobody_read_without_a_trace(ada_here, ada, alice, bob, at):
    ada_here.get(page_of(bob))
    like = Entry.objects.filter(event=Event.STAFF_PERSON_READ).latest("id").pk
    slipped(like, subject_id=f"'{alice.subject_id}'", at=at)
    assert ada_here.get(page_of(alice)).status_code == 200
    assert len(reads(alice, ada)) == 1


def test_nor_does_one_that_this_site_will_only_have_written_later(ada_here, ada, alice, clock):
    clock.forward(days=1)
    trail.record(Event.STAFF_PERSON_READ, actor=ada, subject=alice)
    clock.forward(days=-1)
    assert ada_here.get(page_of(alice)).status_code == 200
    assert len(reads(alice, ada)) == 2


@pytest.mark.parametrize(
    "column, value",
    [
        ("at", NEVER),
        *((name, raw) for name in ("event", "subject_id", "request_id") for raw in NO_TEXT),
    ],
)
def test_a_row_that_does_not_read_keeps_no_page_from_staff(ada_here, ada, alice, column, value):
    ada_here.get(page_of(alice))
    like = Entry.objects.filter(event=Event.STAFF_PERSON_READ).latest("id").pk
    slip_in(column, value, like=like)
    for path in (page_of(alice), "/admin/accounts/user/", "/admin/audit/entry/", "/admin/"):
        assert ada_here.get(path).status_code == 200, path
    assert ada_here.get(f"{RECOVERY}/{alice.pk}/remove/").status_code == 200


# --- what was taken ---------------------------------------------------------------------------------

AMOUNTS = ["-1000000", '"abc"', "null", "[1]", "true", "1e3", "2"]


def two_of_three_taken(browser, person, monkeypatch) -> tuple[str, int]:
    """What was asked for, and the number of the entry that says so."""
    monkeypatch.setattr(trail_export, "MOST", 3)
    for _ in range(2):
        happens(person)
    query = f"event={Event.SIGNED_IN.value}&person={person.subject_id}"
    assert len(json.loads(taken(take(browser, query)))) == 2
    like = Entry.objects.filter(event=Event.TRAIL_EXPORTED).latest("id").pk
    return query, like


@pytest.mark.parametrize("amount", AMOUNTS)
def test_what_was_taken_is_what_this_site_wrote_of_it(ada_here, alice, monkeypatch, amount):
    query, like = two_of_three_taken(ada_here, alice, monkeypatch)
    slip_in("facts", f"""'{{"entries": {amount}}}'""", like=like)
    assert "takes a second one of staff" in errors_of(take(ada_here, query))
    one = f"event={Event.ADDRESS_ADDED.value}&person={alice.subject_id}"
    happens(alice, Event.ADDRESS_ADDED)
    assert len(json.loads(taken(take(ada_here, one)))) == 1


def test_where_the_key_of_the_chain_is_gone_nothing_makes_room(ada_here, alice, monkeypatch):
    query, like = two_of_three_taken(ada_here, alice, monkeypatch)
    for amount in AMOUNTS[:-1]:
        slip_in("facts", f"""'{{"entries": {amount}}}'""", like=like)
    SubjectKey.objects.filter(subject_id="chain").delete()
    assert "takes a second one of staff" in errors_of(take(ada_here, query))


# --- who was staff ----------------------------------------------------------------------------------

ODD = ["[]", "5", "null", '{"fields": 5}', '{"fields": [[]]}', '{"fields": {"is_staff": 1}}']


def changed(person: User, **facts: Any) -> int:
    trail.record(Event.STAFF_USER_CHANGED, subject=person, reason="ticket 4411", **facts)
    return Entry.objects.latest("id").id


@pytest.mark.parametrize("facts", ODD)
@pytest.mark.parametrize("way", ["remove", "method"])
def test_odd_changes_of_a_person_keep_no_page_from_staff(ada_here, alice, facts, way):
    slip_in("facts", f"'{facts}'", like=changed(alice, fields=["name"]))
    where = f"{RECOVERY}/{alice.pk}/{way}/"
    assert ada_here.get(where).status_code < 400
    assert ada_here.post(where, {"reason": "ticket 4411"}).status_code < 400


@pytest.mark.parametrize("facts", ODD)
def test_nor_do_they_hide_that_somebody_was_staff(alice, facts):
    like = changed(alice, fields=["is_staff"])
    slip_in("facts", f"'{facts}'", like=like)
    assert approvals.takes_two(alice)


def test_what_does_not_read_may_cost_a_second_word(alice):
    like = changed(alice, fields=["name"])
    assert not approvals.takes_two(alice)
    slip_in("facts", f"""'{{"n": {"9" * 5000}}}'""", like=like)
    assert approvals.takes_two(alice)
