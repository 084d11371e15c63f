"""Counting a try: by index, in two statements, also where no backend asks."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.signals import user_login_failed
from django.db import connection

from accounts.errors import TooManyTries
from accounts.lockout import limits, tries
from tests.accounts.test_lockout import guess_often

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pauses(settings):
    """The pause after each failure is another limit: test_lockout_pauses.py."""
    settings.POLICY_FREE_FAILURES = 1000


def test_a_failure_that_no_backend_saw_is_counted_too(alice, rf):
    """A later step that refuses a factor sends Django's signal."""
    for number in range(11):
        request = rf.post("/")
        request.client_ip = "192.0.2.1"
        user_login_failed.send("a step", credentials={"username": "alice"}, request=request)
        assert request.axes_locked_out is (number == 10)
    assert guess_often(1) == [429]


def test_a_guess_that_no_backend_makes_is_counted_by_name(alice, rf):
    request = rf.post("/")
    request.client_ip = "192.0.2.1"
    for right in (True, False) * 10:
        with tries.guess(request, alice) as made:
            made.right = right
    with pytest.raises(TooManyTries) as refused, tries.guess(request, alice):
        pytest.fail("compared in spite of the limit")
    assert 890 <= refused.value.seconds <= 900
    assert guess_often(1) == [429]


def test_a_guess_that_ends_in_an_error_is_not_counted(alice, rf):
    request = rf.post("/")
    for _ in range(12):
        with pytest.raises(ZeroDivisionError), tries.guess(request, alice):
            raise ZeroDivisionError
    assert AccessAttempt.objects.get().failures_since_start == 0


def test_a_try_costs_four_statements_and_a_refused_one_reads_only(alice, rf, statements_of):
    request = rf.post("/")
    kinds = []
    for _ in range(10):
        with statements_of() as statements:
            tries.take(request, None, "name:somebody")
        kinds.append(statements.kinds)
    assert [len(kind) for kind in kinds] == [4] * 10 and kinds[0] == kinds[1] == kinds[9]
    with statements_of() as statements, pytest.raises(TooManyTries):
        tries.take(request, None, "name:somebody")
    assert [sql.split()[0] for sql in statements.sql] == ["SELECT", "SELECT"]


def test_a_try_finds_its_row_and_housekeeping_its_rows_by_index(db):
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    # Of a table that is nearly empty PostgreSQL takes any index.
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=f"uid:{number}", ip_address="192.0.2.1", failures_since_start=1)
        for number in range(2000)
    )
    row = limits.account_on_network("uid:1", "192.0.2.1").rows.values_list(
        "failures_since_start", "attempt_time"
    )
    old = AccessAttempt.objects.filter(attempt_time__lt="2020-01-01T00:00Z").order_by()
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE axes_accessattempt")
        for query in (row, old.values_list("pk")):
            sql, values = query.query.sql_with_params()
            cursor.execute(explain + sql, values)
            plans.append(repr(cursor.fetchall()))
    assert "axes_accessattempt_username" in plans[0]
    assert "accounts_attempt_time" in plans[1]
