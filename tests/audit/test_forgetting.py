"""A forgotten person's or month's entries stay, and can never be read again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
ADA = "22222222-2222-4222-8222-222222222222"


def only_line(subject: str = ALICE) -> trail.Line:
    (line,) = trail.entries_of(subject)
    return line


def test_a_forgotten_subject_keeps_the_rows_and_loses_what_they_said() -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), label="alice@example.org")
    trail.record(Event.SIGNED_IN, subject=ADA, label="ada@example.org")
    before = Entry.objects.values_list()
    trail.forget(ALICE)
    line = only_line()
    assert (line.event, line.readable) == ("account.signed_in", False)
    assert (line.label, line.address, line.network, line.device) == ("", "", "", "")
    assert list(Entry.objects.values_list()) == list(before)
    assert only_line(ADA).label == "ada@example.org"


def test_a_forgotten_subject_is_not_remembered_by_what_happens_later() -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, label="alice@example.org")
    trail.forget(ALICE)
    trail.record(Event.MAIL_DEAD, subject=ALICE, label="alice@example.org")
    assert [line.readable for line in trail.entries_of(ALICE)] == [False, False]
    assert bytes(Entry.objects.order_by("-id")[0].personal) == b""


def test_somebody_never_named_can_be_forgotten_in_advance() -> None:
    trail.forget(ALICE)
    trail.record(Event.SIGNED_IN, subject=ALICE, label="alice@example.org")
    assert not only_line().readable


def test_a_forgotten_month_takes_the_full_addresses_and_leaves_the_network() -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), label="alice")
    trail.forget(f"month-{datetime.now(UTC):%Y-%m}")
    line = only_line()
    assert (line.address, line.network, line.label) == ("", "203.0.113.0/24", "alice")
    assert trail.address_digests("203.0.113.7") == []
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from())
    newest = Entry.objects.order_by("-id")[0]
    assert (newest.ip_digest, trail.entries_of(ALICE)[0].address) == ("", "")
