"""What proves once that somebody is there, brought by many at once: one gets through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.botcheck import held, spent, tickets
from accounts.lockout import budgets
from tests.support.bot_check import carried, solution
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

RESET = "/accounts/password/reset/"
RACERS = 16


def test_one_proof_is_spent_once():
    ends = timezone.now() + timedelta(minutes=5)
    for number in range(5):
        assert (
            race(lambda _, text=f"proof {number}": spent.spend(text, ends), RACERS).count(True) == 1
        )


def test_one_solution_raced_asks_once(settings):
    settings.POLICY_RESETS_PER_HOUR = 1000
    settings.POLICY_BOT_CHECK_PERCENT = 1
    for _ in range(10):
        budgets.spend(budgets.RESETS, "127.0.0.1")
    page = Visitor().post(RESET, {"login": "sam"})
    fields = carried(page) | {"bot_answer": solution(page)}
    statuses = race(lambda _: Visitor().post(RESET, fields).status_code, RACERS)
    assert sorted(statuses) == [302] + [429] * (RACERS - 1)


def test_one_ticket_and_one_networks_tickets_raced_let_one_through(clock, settings):
    several = [tickets.issue("reset", "198.51.100.7", str(number)) for number in range(RACERS)]
    clock.forward(seconds=settings.POLICY_BOT_CHECK_WAIT_SECONDS + 1)

    def show(number: int) -> bool:
        ticket = tickets.show(
            several[number % 2 * number].text,
            purpose="reset",
            network="198.51.100.7",
            identifier=str(number % 2 * number),
        )
        return ticket.passed

    assert race(show, RACERS).count(True) == 1


def test_what_was_held_is_fetched_once():
    token = held.hold({"password": "a kettle of quiet violets"}, network="198.51.100.7")
    fetched = race(lambda _: held.fetch(token), RACERS)
    assert [kept for kept in fetched if kept] == [{"password": "a kettle of quiet violets"}]
