"""Fifty at once: exactly the limit gets through, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt

from accounts.lockout import budgets, tries
from accounts.lockout.budgets import Budget, TooManyTries
from accounts.models import Session, Tally
from accounts.passwords import slots
from tests.support import cast
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_pauses(settings):
    """The pause after each failure is another limit: test_lockout_pauses.py."""
    settings.POLICY_FREE_FAILURES = settings.POLICY_STRANGER_FAILURES = 1000


FIVE = Budget("five", lambda: 5, timedelta(hours=1))


def went_through(act):
    try:
        act()
    except TooManyTries as refusal:
        assert refusal.seconds >= 1
        return False
    return True


def test_fifty_spenders_of_one_budget_get_exactly_the_limit():
    for round_ in range(5):
        through = race(lambda n, s=f"s{round_}": went_through(lambda: budgets.spend(FIVE, s)), 50)
        assert sum(through) == 5
    assert set(Tally.objects.values_list("count", flat=True)) == {5}


def test_fifty_spenders_of_a_budget_that_opens_again_get_exactly_the_limit(clock):
    for _ in range(3):
        assert sum(race(lambda n: went_through(lambda: budgets.spend(FIVE, "one")), 50)) == 5
        clock.forward(hours=1, seconds=1)
    assert Tally.objects.get().count == 5


def test_spending_and_giving_back_at_once_lose_no_count():
    def act(number):
        budgets.spend(Budget("many", lambda: 1000, timedelta(hours=1)), "one")
        if number % 2:
            budgets.give_back(Budget("many", lambda: 1000, timedelta(hours=1)), "one")

    race(act, 40)
    assert Tally.objects.get().count == 20


def test_fifty_wrong_passwords_at_once_are_compared_ten_times():
    """Counting after the comparison, as axes does, compares all fifty."""
    cast.person("alice")
    before = slots.made()
    statuses = race(
        lambda number: (
            Visitor()
            .post(
                "/accounts/login/",
                {"login": "alice", "password": f"a wrong guess, number {number}"},
            )
            .status_code
        ),
        50,
    )
    assert sorted(statuses) == [200] * 10 + [429] * 40
    assert slots.made() - before == 10
    assert AccessAttempt.objects.get().failures_since_start == 10


def test_fifty_guesses_with_the_right_one_among_them_never_pass_the_limit(rf):
    alice = cast.person("alice")

    def act(number):
        request = rf.post("/")
        with tries.guess(request, alice) as guess:
            guess.right = False

    assert sum(race(lambda number: went_through(lambda: act(number)), 50)) == 10


def test_sign_ins_at_once_leave_no_count_behind():
    cast.person("alice")
    statuses = race(
        lambda number: (
            Visitor()
            .post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
            .status_code
        ),
        8,
    )
    assert statuses == [302] * 8 and Session.objects.count() == 8
    assert not AccessAttempt.objects.exists()
