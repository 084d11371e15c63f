"""Where one acts on another, device and network are those of whoever acts: they go with either."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit import trail
from audit.chain import linking, verifying
from audit.events import Event
from audit.models import Entry
from audit.trail import Line
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
ADA = "22222222-2222-4222-8222-222222222222"
HERS = ("Firefox on Linux", "203.0.113.0/24", "203.0.113.7")


def acts() -> None:
    trail.record(
        Event.ADDRESS_REMOVED,
        actor=ADA,
        subject=ALICE,
        label="alice@example.org",
        request=request_from("203.0.113.7", device="Firefox on Linux"),
    )


def read() -> Line:
    return trail.lines(Entry.objects.order_by("-id"), 1)[0]


def seen(line: Line) -> tuple[str, str, str]:
    return line.device, line.network, line.address


def test_they_open_while_both_are_there() -> None:
    acts()
    assert seen(read()) == HERS and read().label == "alice@example.org" and read().readable


@pytest.mark.parametrize("gone", [ALICE, ADA])
def test_they_are_gone_with_either_and_the_row_verifies(gone) -> None:
    acts()
    linking.link()
    trail.forget(gone)
    line = read()
    assert seen(line) == ("", "", "") and line.ours
    assert line.label == ("alice@example.org" if gone == ADA else "")
    assert verifying.verify().findings == []


def test_nothing_of_them_is_written_for_an_actor_who_was_forgotten() -> None:
    trail.forget(ADA)
    acts()
    assert seen(read()) == ("", "", "")


def test_past_its_time_the_full_address_goes_alone() -> None:
    acts()
    trail.forget_months_before(read().at + timedelta(days=40))
    assert seen(read()) == (*HERS[:2], "")


def test_of_those_who_act_on_themselves_it_is_one_part() -> None:
    trail.record(
        Event.SIGNED_IN,
        actor=ALICE,
        subject=ALICE,
        request=request_from("203.0.113.7", device="Firefox on Linux"),
    )
    assert seen(read()) == HERS
    trail.forget(ALICE)
    assert seen(read()) == ("", "", "") and not read().readable
