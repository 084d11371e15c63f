"""Budgets: how often something that costs or annoys may happen for one subject."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.lockout import budgets
from accounts.lockout.budgets import Budget, TooManyTries
from accounts.lockout.recipients import mailbox, of
from accounts.models import Tally

pytestmark = pytest.mark.django_db

THREE = Budget("three", lambda: 3, timedelta(hours=1))


def spends(times, budget=THREE, subject="somebody"):
    """Of so many, how many went through."""
    through = 0
    for _ in range(times):
        try:
            budgets.spend(budget, subject)
            through += 1
        except TooManyTries:
            pass
    return through


def test_a_budget_holds_and_says_how_long(clock):
    assert spends(3) == 3
    clock.forward(minutes=20)
    with pytest.raises(TooManyTries) as refused:
        budgets.spend(THREE, "somebody")
    assert 2390 <= refused.value.seconds <= 2400 and refused.value.minutes == 40


def test_a_budget_opens_again_with_the_window_however_often_it_was_asked(clock):
    assert spends(3) == 3
    for _ in range(59):
        clock.forward(minutes=1)
        assert spends(1) == 0
    clock.forward(minutes=1, seconds=5)
    assert spends(5) == 3


def test_subjects_and_budgets_do_not_share():
    assert spends(4) == 3
    assert spends(4, subject="somebody else") == 3
    assert spends(4, Budget("other", lambda: 3, timedelta(hours=1))) == 3


def test_a_variant_of_an_address_is_the_same_mailbox():
    variants = [
        "a.b@example.org",
        "A.B@Example.org",
        "a.b+shop@example.org",
        " a.b+x+y@example.org ",
    ]
    assert [spends(1, subject=mailbox(variant)) for variant in variants] == [1, 1, 1, 0]
    assert spends(1, subject=mailbox("ab@example.org")) == 1  # dots count
    assert spends(1, subject=mailbox("a.b@example.net")) == 1
    for tag in ("+tag@example.org", "+other@example.org"):
        assert spends(1, subject=mailbox(tag)) == 1


@pytest.mark.parametrize(
    "subject", ["", "@", "x" * 70_000, "\x00", "\ud800", "a@b@c", "@example.org", "+@+", "²@³"]
)
def test_any_text_is_a_subject(subject):
    assert spends(4, subject=of(None, subject)) == 3
    assert spends(4, subject=of(None, f" {subject} ")) == 0


def test_asking_spends_nothing():
    for _ in range(5):
        assert budgets.would_allow(THREE, "somebody")
    assert spends(5) == 3
    assert not budgets.would_allow(THREE, "somebody")


def test_what_did_not_happen_is_given_back():
    spends(3)
    budgets.give_back(THREE, "somebody")
    assert spends(5) == 1
    budgets.give_back(THREE, "never spent")
    assert spends(5, subject="never spent") == 3


def test_the_table_names_nobody():
    budgets.spend(budgets.SIGNUP_LETTERS, "sam@example.org")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_tally")
        assert "sam@" not in repr(cursor.fetchall())
    budgets.spend(budgets.RESETS, "sam@example.org")
    one, other = Tally.objects.values_list("subject", flat=True)
    assert one != other  # nor that two budgets are about the same


def test_a_spend_costs_two_statements_and_a_refusal_one(statements_of):
    for expected in (2, 2, 2, 1):
        with statements_of() as statements:
            spends(1)
        assert statements.count == expected, statements.sql


def test_a_refusal_inside_a_transaction_leaves_it_whole():
    spends(3)
    with transaction.atomic():
        assert spends(1) == 0
        assert spends(1, subject="somebody else") == 1
    assert Tally.objects.count() == 2


@pytest.mark.parametrize(
    ("budget", "policy"),
    [
        ("SIGNUP_LETTERS", "POLICY_LETTERS_PER_HOUR"),
        ("ADDRESS_LETTERS", "POLICY_LETTERS_PER_HOUR"),
        ("RESET_LETTERS", "POLICY_LETTERS_PER_HOUR"),
        ("SIGNUPS", "POLICY_SIGNUPS_PER_HOUR"),
        ("RESETS", "POLICY_RESETS_PER_HOUR"),
        ("CODES", "POLICY_CODE_TRIES_PER_HOUR"),
    ],
)
def test_every_budget_follows_its_setting(settings, budget, policy):
    for limit in (4, 7):
        setattr(settings, policy, limit)
        assert spends(limit + 2, getattr(budgets, budget), f"subject {limit}") == limit


@pytest.mark.parametrize("budget", [budgets.SWITCHED_OFF_LETTERS, budgets.UNKNOWN_LETTERS])
def test_some_letters_go_out_once_a_day(clock, budget):
    assert spends(3, budget) == 1
    clock.forward(hours=24, seconds=5)
    assert spends(3, budget) == 1


def test_budgets_have_names_of_their_own():
    named = [budget.name for budget in vars(budgets).values() if isinstance(budget, Budget)]
    assert len(named) == len(set(named)) and max(map(len, named)) <= 40
