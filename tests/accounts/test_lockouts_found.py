"""Which limits are full: found by an index among any number of counts, a page at a time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.utils import timezone

from accounts.lockout import budgets, full, known, limits
from accounts.models import Tally
from tests.support.full_limits import tally

pytestmark = pytest.mark.django_db

IP = "203.0.113.9"


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


def test_only_what_is_full_and_holds_now_is_listed(settings):
    full_at = settings.POLICY_NETWORK_FAILURES
    tally(limits.NETWORK, "198.51.100.1", full_at - 1)
    tally(limits.NETWORK, "198.51.100.2", full_at, minutes=61)
    tally(limits.NETWORK, "198.51.100.3", full_at, minutes=-5)  # the clock was set back
    held = tally(limits.NETWORK, "198.51.100.4", full_at, minutes=59)
    old = tally(limits.STRANGERS, "uid:0", settings.POLICY_STRANGER_FAILURES, days=300)
    found = {one.name: full.page(one).rows for one in known.every()}
    assert [row.pk for row in found[limits.NETWORK]] == [held.pk]
    assert found[limits.NETWORK][0].until == held.started_at + timedelta(hours=1)
    assert [(row.pk, row.until) for row in found[limits.STRANGERS]] == [(old.pk, None)]
    assert not [
        name for name in found if found[name] and name not in (limits.NETWORK, limits.STRANGERS)
    ]


def test_every_limit_that_counts_networks_is_known():
    counted_otherwise = {
        "signup_letters", "address_letters", "address_asks", "reset_letters", "unknown_letters",
        "switched_off_letters", "failed_tries_letters", "rescue_letters", "unlock_letters",
        "sign_in_code_letters", "code_pauses", "nothing", "codes", "undo_proofs", "usernames",
        "required_passwords", "exports", "downloads", "text_pauses", "texts", "text_asks",
    }  # fmt: skip
    all_budgets = {one.name for one in vars(budgets).values() if isinstance(one, budgets.Budget)}
    names = {one.name for one in known.every()}
    assert all_budgets - counted_otherwise <= names and not names & counted_otherwise
    assert {"passkeys", "passkey_questions"} <= names
    assert len(names) == len(known.every())


# --- among many -----------------------------------------------------------------------------------


@pytest.fixture
def many(db) -> None:
    """Rows that are not full, of the same limits, as a spray leaves them."""
    now = timezone.now()
    Tally.objects.bulk_create(
        Tally(budget=budget, subject=f"{budget}{number}", count=1 + number % 4, started_at=now)
        for budget in (limits.STRANGERS, limits.NETWORK)
        for number in range(6_000)
    )
    AccessAttempt.objects.bulk_create(
        AccessAttempt(
            username=f"name:{number}", ip_address=IP, failures_since_start=1, attempt_time=now
        )
        for number in range(6_000)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE accounts_tally")
            cursor.execute("ANALYZE axes_accessattempt")


def plan_of(sql: str, params) -> str:
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (FORMAT JSON)"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {sql}", params)
        return json.dumps(cursor.fetchall(), default=str)


def test_the_full_ones_are_found_by_an_index_and_nothing_is_sorted(many):
    plans = []

    def explain(execute, sql, params, many, context):
        plans.append(plan_of(sql, params) if "EXPLAIN" not in sql else "")
        return execute(sql, params, many, context)

    for name in (limits.STRANGERS, limits.NETWORK, limits.ACCOUNT_ON_NETWORK):
        for after in ("", "90.5"):
            plans.clear()
            with connection.execute_wrapper(explain):
                full.page(known.named(name), after=after)
            (plan,) = filter(None, plans)
            assert "fullest" in plan, (name, after, plan)
            for word in ("SCAN", "Seq Scan", "TEMP B-TREE", '"Sort"'):
                assert word not in plan, (name, after, plan)


def test_a_page_begins_behind_the_mark_of_the_one_before(settings):
    limit = settings.POLICY_NETWORK_FAILURES
    for number in range(7):
        tally(limits.NETWORK, f"198.51.100.{number}", limit + number // 3)
    seen, after = [], ""
    while True:
        page = full.page(known.named(limits.NETWORK), after=after, limit=3)
        seen += [row.pk for row in page.rows]
        if not (after := page.next):
            break
    wanted = Tally.objects.order_by("-count", "-pk").values_list("pk", flat=True)
    assert seen == list(wanted)
