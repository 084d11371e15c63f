"""What is recorded can be read by those who may, and by nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import keys, parts, sealing, trail
from audit.events import Event
from audit.facts import FactRefused
from audit.models import Entry, SubjectKey
from tests.support.trail import everything_in_the_trail, request_from

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
ADA = "22222222-2222-4222-8222-222222222222"
HOSTILE = [
    "x" * 70_000,
    "nul\0byte",
    "\u202egnp.exe",
    "half \ud800 pair",
    "line\r\nanother\u2028third",
    "\x1b[31mred",
    "<script>alert(1)</script>",
    '{"label": "somebody else"}',
]


def only_line(subject: str = ALICE) -> trail.Line:
    (line,) = trail.entries_of(subject)
    return line


def statements(captured: CaptureQueriesContext) -> list[str]:
    words = [query["sql"].split()[0] for query in captured.captured_queries]
    return [word for word in words if word in ("SELECT", "INSERT", "UPDATE", "DELETE")]


# --- What is kept ---------------------------------------------------------------------------------


def test_an_entry_says_what_when_who_whom_where_and_how() -> None:
    trail.record(
        Event.STAFF_USER_CHANGED,
        actor=ADA,
        subject=ALICE,
        request=request_from(),
        label="alice@example.org",
        fields=["name"],
        reason="asked by phone, ticket 4411",
    )
    line = only_line()
    assert line.event == "staff.user_changed"
    assert (line.actor_id, line.subject_id) == (ADA, ALICE)
    assert abs((datetime.now(UTC) - line.at).total_seconds()) < 60
    assert line.request_id == "00ff00ff00ff00ff"
    assert line.facts == {"fields": ["name"], "reason": "asked by phone, ticket 4411"}
    assert line.label == "alice@example.org"
    assert (line.address, line.network) == ("203.0.113.7", "203.0.113.0/24")
    assert line.device == "Firefox on Linux"


def test_a_command_records_without_a_request() -> None:
    trail.record(Event.COMMAND_RUN, command="auth_keys")
    entry = Entry.objects.get()
    assert entry.facts == {"command": "auth_keys"}
    assert (entry.request_id, entry.ip_digest, entry.network_digest) == ("", "", "")


def test_a_person_is_named_by_their_opaque_id() -> None:
    trail.record(Event.SIGNED_OUT, subject=SimpleNamespace(subject_id=ALICE))
    assert only_line().subject_id == ALICE


def test_entries_come_newest_first_and_only_as_many_as_asked_for() -> None:
    for event in (Event.SIGNUP_CONFIRMED, Event.SIGNED_IN, Event.SIGNED_OUT):
        trail.record(event, subject=ALICE)
    trail.record(Event.SIGNED_IN, subject=ADA)
    found = [line.event for line in trail.entries_of(ALICE, limit=2)]
    assert found == ["account.signed_out", "account.signed_in"]
    (signed_in,) = trail.entries_of(ALICE, event=Event.SIGNED_IN)
    assert signed_in.event == "account.signed_in"


def test_somebody_to_whom_nothing_happened_has_no_entries() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert trail.entries_of(ALICE) == []
    assert len(asked) == 1


# --- What is refused or made inert ----------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        {"reason": "wrong_password", "password": "hunter2"},
        {"reason": "hunter2"},
        {"reason": ["wrong_password"]},
        {},
    ],
)
def test_facts_outside_the_events_list_raise_and_leave_no_row(facts: dict[str, Any]) -> None:
    with pytest.raises(FactRefused):
        trail.record(Event.SIGN_IN_FAILED, subject=ALICE, **facts)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_labels_and_devices_are_stored_inert_and_bounded(text: str) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(device=text), label=text)
    line = only_line()
    for shown in (line.label, line.device):
        assert all(character.isprintable() for character in shown)
        assert len(shown) <= trail.LABEL_LENGTH + 1
    assert line.readable


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_of_nobody_become_digests(text: str) -> None:
    trail.record(Event.SIGN_IN_FAILED, request=request_from(), label=text, reason="unknown_account")
    assert Entry.objects.get().facts["identifier"] == trail.identifier_digest(text)


@pytest.mark.parametrize("ip", ["", "not an address", "203.0.113.7, 10.0.0.1", "999.1.1.1"])
def test_an_address_that_is_none_is_left_out(ip: str) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(ip))
    assert only_line().address == ""
    assert Entry.objects.get().ip_digest == ""


# --- What nobody can read -------------------------------------------------------------------------


def test_nothing_personal_stands_in_clear() -> None:
    trail.record(
        Event.ADDRESS_ADDED, subject=ALICE, request=request_from(), label="alice@example.org"
    )
    for personal in ("alice@example.org", "203.0.113", "Firefox"):
        assert personal not in everything_in_the_trail()


def test_a_password_typed_as_a_name_is_kept_nowhere() -> None:
    trail.record(
        Event.SIGN_IN_FAILED, request=request_from(), label="hunter2", reason="unknown_account"
    )
    month = SubjectKey.objects.get(subject_id__startswith="month-")
    key = sealing.unseal(month.key, context=f"audit key of {month.subject_id}")
    entry = Entry.objects.get()
    opened = sealing.unseal_with(key, bytes(entry.personal), context=parts.context_of(entry))
    assert b"hunter2" not in opened
    assert "hunter2" not in everything_in_the_trail()


def test_the_key_of_a_subject_is_itself_sealed_to_that_subject() -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, label="alice")
    trail.record(Event.SIGNED_IN, subject=ADA, label="ada")
    alices = SubjectKey.objects.get(subject_id=ALICE)
    SubjectKey.objects.filter(subject_id=ADA).update(key=alices.key)
    assert [(line.readable, line.label) for line in trail.entries_of(ADA)] == [(False, "")]
    with pytest.raises(sealing.SealBroken):  # and nothing is written under it
        keys.stored([ADA])


def test_a_sealed_part_moved_to_another_row_does_not_open() -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, label="first")
    moved = Entry.objects.get()
    copy = Entry(
        event="account.signed_out",
        at=moved.at,
        subject_id=ALICE,
        personal_key=moved.personal_key,
        personal=moved.personal,
    )
    copy.save()
    newest = trail.entries_of(ALICE)[0]
    assert (newest.readable, newest.label) == (False, "")


def test_a_subjects_key_survives_rotation_of_the_ring(settings) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, label="before")
    settings.FIELD_KEYS = f"new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA,{settings.FIELD_KEYS}"
    trail.record(Event.SIGNED_IN, subject=ALICE, label="after")
    assert [line.label for line in trail.entries_of(ALICE)] == ["after", "before"]


# --- Searching ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "neighbour", "stranger"),
    [
        ("203.0.113.7", "203.0.113.250", "203.0.114.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", "2001:db8:1:3::7"),
        ("::ffff:203.0.113.7", "203.0.113.8", "::ffff:203.0.114.7"),
        ("fe80::1%eth0", "fe80::2", "fe80:0:0:1::1"),
    ],
)
def test_entries_are_found_by_address_and_by_network(
    here: str, neighbour: str, stranger: str
) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(here))
    entry = Entry.objects.get()
    assert trail.address_digests(here) == [entry.ip_digest]
    assert trail.address_digests(neighbour) != [entry.ip_digest]
    assert trail.network_digest(here) == trail.network_digest(neighbour) == entry.network_digest
    assert trail.network_digest(stranger) != entry.network_digest


@pytest.mark.parametrize(
    ("one", "other"), [("::ffff:203.0.113.7", "203.0.113.7"), ("fe80::1%eth0", "fe80::1")]
)
def test_spellings_of_one_address_are_one_address(one: str, other: str) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(one))
    assert only_line().address == other
    assert trail.address_digests(one) == trail.address_digests(other)


def test_spellings_of_one_unknown_name_are_found_together() -> None:
    assert trail.identifier_digest(" Eve@Example.org") == trail.identifier_digest("eve@example.org")


# --- What it costs --------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_recording_takes_one_select_and_one_insert_for_known_and_unknown(known: bool) -> None:
    who = {"subject": ALICE} if known else {}

    def fail() -> None:
        trail.record(
            Event.SIGN_IN_FAILED,
            request=request_from(),
            label="somebody",
            reason="wrong_password" if known else "unknown_account",
            **who,
        )

    with CaptureQueriesContext(connection) as first:
        fail()
    with CaptureQueriesContext(connection) as steady:
        fail()
    assert statements(first) == ["SELECT", "INSERT", "INSERT"]
    assert [query["sql"].split()[0] for query in steady.captured_queries] == ["SELECT", "INSERT"]


def test_reading_takes_two_selects_whatever_the_number_of_entries() -> None:
    for _ in range(12):
        trail.record(Event.SIGNED_IN, actor=ADA, subject=ALICE, request=request_from())
    with CaptureQueriesContext(connection) as captured:
        assert len(trail.entries_of(ALICE)) == 12
    assert statements(captured) == ["SELECT", "SELECT"]


def test_facts_are_stored_as_plain_json_for_the_seal_to_come() -> None:
    trail.record(Event.PROFILE_CHANGED, subject=ALICE, fields=["time_zone", "name"])
    assert json.dumps(Entry.objects.get().facts) == '{"fields": ["name", "time_zone"]}'
