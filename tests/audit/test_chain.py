"""Entries get their places from the worker, one after another, each counted once."""

from __future__ import annotations

import hmac
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import counting, keys, trail
from audit.chain import linking, seals, verifying
from audit.events import Event
from audit.models import Entry, Head, HourCount, HourFailures, SubjectKey
from tests.support.race import race
from tests.support.trail import request_from

ALICE = "11111111-1111-4111-8111-111111111111"


def signed_in(times: int = 1, **more: object) -> None:
    for _ in range(times):
        trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), **more)


@pytest.mark.django_db
def test_entries_get_places_one_after_another() -> None:
    signed_in(3)
    assert linking.link() == 3
    signed_in(2)
    assert linking.link() == 2
    rows = list(Entry.objects.order_by("id").values_list("sequence", "seal"))
    assert [place for place, _seal in rows] == [1, 2, 3, 4, 5]
    assert len({seal for _place, seal in rows}) == 5
    head = Head.objects.get()
    assert (head.sequence, head.seal) == rows[-1]
    assert verifying.verify().verified == 5


@pytest.mark.django_db
def test_nothing_to_do_costs_one_look() -> None:
    signed_in()
    linking.link()
    with CaptureQueriesContext(connection) as captured:
        assert linking.link() == 0
    assert len(captured) == 1


@pytest.mark.django_db
def test_a_batch_costs_the_same_however_many_there_are() -> None:
    signed_in(3)
    linking.link()
    counts = []
    for times in (4, 40):
        signed_in(times)
        with CaptureQueriesContext(connection) as captured:
            linking.link()
        counts.append(len([one for one in captured if "audit_entry SET" not in one["sql"]]))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_leave_one_chain() -> None:
    signed_in(120)
    placed = race(lambda number: sum(linking.link(batch=7) for _ in range(20)), 8)
    assert sum(placed) == 120
    result = verifying.verify()
    assert (result.verified, result.findings) == (120, [])
    assert sum(HourCount.objects.values_list("count", flat=True)) == 120


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_hole_and_no_key() -> None:
    """A key that this process remembered from a transaction that never was would seal entries that
    nobody can open."""

    def try_and_fail() -> None:
        with transaction.atomic():
            trail.record(Event.SIGNED_IN, subject="never", label="first")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        try_and_fail()
    assert not SubjectKey.objects.exists()
    trail.record(Event.SIGNED_IN, subject="never", label="second")
    trail.record(Event.SIGNED_IN, subject="never", label="third")
    assert [line.label for line in trail.entries_of("never")] == ["third", "second"]
    linking.link()
    assert verifying.verify().findings == []


@pytest.mark.django_db(transaction=True)
def test_an_entry_of_somebody_who_acts_costs_one_statement_once_its_keys_were_met() -> None:
    trail.record(Event.SIGNED_IN, actor=ALICE, subject=ALICE)
    with CaptureQueriesContext(connection) as captured:
        trail.record(Event.SIGNED_IN, actor=ALICE, subject=ALICE)
    assert len(captured) == 1
    assert captured[0]["sql"].startswith("INSERT")


@pytest.mark.django_db(transaction=True)
def test_what_strangers_cause_costs_the_same_whomever_they_name() -> None:
    trail.record(Event.SIGNED_IN, actor=ALICE, subject=ALICE)  # her key is met
    costs = []
    for subject in (ALICE, "somebody whose key was not met", None):
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                trail.record(Event.SIGN_IN_FAILED, subject=subject, label="x", reason="refused")
        costs.append([one["sql"].split()[0] for one in captured])
    assert costs == [["SELECT", "INSERT"]] * 3


@pytest.mark.django_db(transaction=True)
def test_what_is_written_after_forgetting_opens_for_nobody() -> None:
    """Even where the process that writes has met the key, and has not heard."""
    signed_in()
    met = dict(keys.known.keys)
    trail.forget(ALICE)
    keys.known.keys |= met  # as another process would still have it
    trail.record(Event.SIGNED_OUT, subject=ALICE, label="alice@example.org")
    assert [line.readable for line in trail.entries_of(ALICE)] == [False, False]


@pytest.mark.django_db
def test_erasing_somebody_leaves_the_chain_whole() -> None:
    signed_in(3)
    linking.link()
    trail.forget(ALICE)
    result = verifying.verify()
    assert (result.verified, result.findings) == (3, [])
    assert not any(line.readable for line in trail.entries_of(ALICE))


@pytest.mark.django_db
def test_a_mac_covers_each_column_that_is_written_with_it() -> None:
    columns = {field.column for field in Entry._meta.fields}
    assert set(seals.COLUMNS) == columns - {"id", "sequence", "seal", "mac"}


@pytest.mark.django_db
def test_facts_are_one_text_however_they_come() -> None:
    facts = {"reason": "wrong_password", "b": ["é", "\x1f"], "a": 3, "c": True}
    entry = Entry(event="x", facts=facts)
    entry.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT facts FROM audit_entry")
        (kept,) = cursor.fetchone()
    assert seals.facts_text(facts) == seals.facts_text(kept)


NASTY = ["", 'a"b\\c', "é\x1f\u2028", "\ud800", "😀</script>", "null"]


@pytest.mark.parametrize("spoiled", [[], [None]], ids=["texts", "none"])
def test_a_mac_is_the_hmac_of_a_list_in_json(spoiled) -> None:
    """Made otherwise, at half the cost."""
    row = ["event", "2026-11-29 10:11:12.000000", *NASTY, *spoiled, "{}", b"personal"]
    said = ["event", "2026-11-29T10:11:12+00:00", *NASTY, *spoiled, "{}"]
    whole = json.dumps(said, separators=(",", ":")).encode() + b"\0personal"
    for key in (b"k" * 32, b"l" * 32, b"k" * 32):
        assert seals.mac(key, row) == hmac.digest(key, whole, "sha256")[: seals.MAC_BYTES]


def test_facts_that_name_one_twice_are_no_text_of_ours() -> None:
    """Python reads the last of the two, SQLite the first: one mac must not stand for both."""
    twice = '{"method": "passkey", "method": "password"}'
    assert seals.facts_text(twice) != seals.facts_text({"method": "password"})
    assert seals.facts_text('{"a": {"b": 1, "b": 2}}') != seals.facts_text({"a": {"b": 2}})


@pytest.mark.parametrize("seal", ["AB" * 32, "ab " * 32, " " + "ab" * 32, None, 7, b"ab", "xy"])
def test_a_seal_in_other_letters_is_none(seal) -> None:
    assert seals.as_bytes(seal) == b"" and seals.as_bytes("ab" * 32) == b"\xab" * 32


@pytest.mark.django_db
@pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
def test_a_moment_is_one_text_however_it_comes(microsecond, time_machine) -> None:
    at = datetime(2026, 11, 28, 9, 14, 5, microsecond, tzinfo=UTC)
    assert seals.moment(at) == seals.moment(at.replace(tzinfo=None)) == at.isoformat()
    time_machine.move_to(at, tick=False)
    signed_in()
    assert Entry.objects.get().at == at
    linking.link()
    assert verifying.verify().verified == 1


@pytest.mark.django_db
def test_what_was_not_written_here_is_said_aloud(caplog) -> None:
    signed_in()
    Entry(event="account.signed_in", subject_id=ALICE).save()
    with caplog.at_level(logging.CRITICAL, logger="audit.chain"):
        linking.link()
    assert [record.getMessage() for record in caplog.records] == [
        "Entry 2 of the trail was not written by this site."
    ]


# --- Counting -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_events_are_counted_by_the_hour_and_the_fact_they_are_counted_by() -> None:
    hour = counting.hour_of(datetime.now(UTC))
    signed_in(2, method="password")
    signed_in(method="passkey")
    linking.link()
    signed_in(method="password")
    linking.link()
    rows = HourCount.objects.order_by("detail").values_list("hour", "event", "detail", "count")
    assert list(rows) == [
        (hour, "account.signed_in", "passkey", 1),
        (hour, "account.signed_in", "password", 3),
    ]


@pytest.mark.django_db
def test_failures_are_counted_by_network_and_by_account() -> None:
    for ip in ("203.0.113.7", "203.0.113.200", "198.51.100.1"):
        trail.record(
            Event.SIGN_IN_FAILED, subject=ALICE, request=request_from(ip), reason="wrong_password"
        )
    trail.record(
        Event.SIGN_IN_FAILED, request=request_from(), label="nobody", reason="unknown_account"
    )
    linking.link()
    found = {
        (whose, key): count
        for whose, key, count in HourFailures.objects.values_list("whose", "key", "count")
    }
    assert found == {
        ("network", trail.network_digest("203.0.113.7")): 3,
        ("network", trail.network_digest("198.51.100.1")): 1,
        ("account", ALICE): 3,
        ("account", trail.identifier_digest("nobody")): 1,
    }


@pytest.mark.django_db
def test_counts_go_when_no_page_looks_at_them() -> None:
    signed_in()
    linking.link()
    HourCount.objects.update(hour=datetime.now(UTC) - counting.KEPT - timedelta(hours=1))
    assert counting.purge(10) == 1
    assert not HourCount.objects.exists()
