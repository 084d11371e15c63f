"""Days are those of the person's zone, and failed tries in a row are one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from audit.events import Event
from tests.support.history import happens, said, signed_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(client: Visitor, alice: User) -> Visitor:
    """Alice's browser, signed in; the sign-in is the only thing that happened."""
    return signed_in(client)


def move(clock: Any, at: datetime) -> None:
    clock.forward(seconds=(at - datetime.now(UTC)).total_seconds())


def fail(alice: User, clock: Any, at: datetime, **facts: Any) -> None:
    move(clock, at)
    happens(alice, Event.SIGN_IN_FAILED, **({"reason": "wrong_password"} | facts))


@pytest.fixture
def in_leeds(alice: User) -> User:
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/London")
    return alice


def look(clock: Any, at: datetime) -> str:
    move(clock, at)
    return said(signed_in())


def test_failed_tries_in_a_row_are_one_line_that_opens(in_leeds: User, still_clock: Any) -> None:
    noon = datetime(2027, 7, 1, 12, tzinfo=UTC)
    for minutes in (10, 11, 14):
        fail(in_leeds, still_clock, noon + timedelta(minutes=minutes))
    happens(in_leeds, Event.LIMIT_REACHED, budget="strangers")
    happens(in_leeds, Event.PASSWORD_RESET_REQUESTED)
    fail(in_leeds, still_clock, noon + timedelta(minutes=30))
    page = look(still_clock, noon + timedelta(hours=1))
    assert "3 failed tries, 13:10 to 13:14" in page
    assert page.count("Failed to sign in: wrong password") == 4
    assert page.count("failed tries") == 1  # the last one stands alone


def test_tries_over_midnight_of_the_persons_zone_are_two_days(
    in_leeds: User, still_clock: Any
) -> None:
    midnight = datetime(2027, 7, 1, 23, tzinfo=UTC)  # in London
    for minutes in (-3, -2, 1, 2, 3):
        fail(in_leeds, still_clock, midnight + timedelta(minutes=minutes))
    page = look(still_clock, midnight + timedelta(hours=12))
    assert "Today" in page and "Yesterday" in page
    assert page.index("3 failed tries, 00:01 to 00:03") < page.index("Yesterday")
    assert "2 failed tries, 23:57 to 23:58" in page.partition("Yesterday")[2]


def test_the_day_on_which_clocks_go_back_is_one_day(in_leeds: User, still_clock: Any) -> None:
    """1:30 comes twice in London on 31 October 2027, and the day has 25 hours."""
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    fail(in_leeds, still_clock, datetime(2027, 10, 30, 22, 59, tzinfo=UTC))
    for hours in (0, 1):
        fail(in_leeds, still_clock, first + timedelta(hours=hours))
    page = look(still_clock, datetime(2027, 11, 2, 12, tzinfo=UTC))
    of_the_day = page.partition("Sunday, 31 October 2027")[2].partition("Saturday, 30 October")[0]
    assert "2 failed tries at 01:30" in of_the_day


def test_whoever_chose_no_zone_is_told_which_one_it_is(here: Visitor, alice: User) -> None:
    assert "Times are in UTC." in said(here)
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/London")
    assert "UTC" not in said(here)
