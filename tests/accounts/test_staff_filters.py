"""People are narrowed by what keeps them out, or by how long they have been away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.lockout import limits
from accounts.models import Confirmation, User
from audit import trail
from audit.events import Event
from tests.support import cast
from tests.support.desk import LIST
from tests.support.full_limits import tally
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


def listed(browser, query: str) -> set[str]:
    answer = browser.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return {person.username for person in answer.context["cl"].result_list}


def signed_in(person: User, *, days: int | None) -> None:
    at = None if days is None else timezone.now() - timedelta(days=days)
    User.objects.filter(pk=person.pk).update(last_login=at)


def guesses_filled_a_limit(person: User, settings) -> None:
    trail.record(Event.LIMIT_REACHED, subject=person, budget=limits.STRANGERS)
    tally(limits.STRANGERS, f"uid:{person.pk}", settings.POLICY_STRANGER_FAILURES)


def test_who_is_locked_is_whom_a_full_limit_is_about(ada_here, alice, bob, settings):
    guesses_filled_a_limit(alice, settings)
    cast.person("carl")
    AccessAttempt.objects.create(
        username=f"uid:{bob.pk}",
        ip_address="203.0.113.9",
        failures_since_start=settings.POLICY_FAILURES_PER_NETWORK,
        attempt_time=timezone.now(),
    )
    assert listed(ada_here, "locked=1") == {"alice", "bob"}
    AccessAttempt.objects.update(failures_since_start=1)
    assert listed(ada_here, "locked=1") == {"alice"}


def test_who_is_locked_is_found_at_one_price(ada_here, alice, settings):
    guesses_filled_a_limit(alice, settings)
    listed(ada_here, "locked=1")  # what a session asks for once
    with CaptureQueriesContext(connection) as few:
        listed(ada_here, "locked=1")
    for number in range(5):
        guesses_filled_a_limit(cast.person(f"carl{number}"), settings)
    with CaptureQueriesContext(connection) as many:
        assert len(listed(ada_here, "locked=1")) == 6
    assert len(few) == len(many)


def test_who_has_been_away_for_days_did_sign_in_before(ada_here, alice, bob):
    signed_in(alice, days=31)
    signed_in(bob, days=None)
    assert listed(ada_here, "inactive=30") == {"alice"}
    assert listed(ada_here, "inactive=90") == set()
    signed_in(alice, days=366)
    assert listed(ada_here, "inactive=365") == {"alice"}


def test_who_never_signed_in_is_said_to_be_so(ada_here, alice, bob):
    signed_in(alice, days=None)
    signed_in(bob, days=1)
    assert listed(ada_here, "last_login__isnull=True") == {"alice"}
    said = text_of(ada_here.get(LIST))
    assert "Never signed in" in said and "No date" not in said


def test_whose_address_waits_to_be_confirmed(ada_here, alice, bob):
    for person, minutes in ((alice, 5), (bob, -5)):
        ends = timezone.now() + timedelta(minutes=minutes)
        Confirmation.objects.create(
            user=person, email="new@example.org", code_expires_at=ends, expires_at=ends,
            key_digest=f"key of {person.username}",
        )  # fmt: skip
    assert listed(ada_here, "confirmed=0") == {"alice"}


def test_what_no_filter_knows_narrows_nothing(ada_here, alice):
    for query in ("locked=2", "inactive=7", "inactive=-1", "inactive=9e9", "confirmed=1"):
        assert "alice" in listed(ada_here, query)


@pytest.mark.parametrize("query", ["last_login__isnull=True", "inactive=365"])
def test_a_few_are_found_by_an_index_among_many(ada_here, alice, query):
    now = timezone.now()
    User.objects.bulk_create(
        User(username=f"p{n}", email=f"p{n}@example.org", password="!", last_login=now - n * SECOND)
        for n in range(6_000)
    )
    signed_in(alice, days=None if "null" in query else 400)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
    with CaptureQueriesContext(connection) as captured:
        assert listed(ada_here, query) >= {"alice"}
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    asked = [one["sql"] for one in captured if '"last_login" ' in one["sql"].split("WHERE")[-1]]
    if connection.vendor == "sqlite" and "null" not in query:
        # It counts by the index, and reads people in their order where it knows no better.
        asked = [sql for sql in asked if "COUNT(" in sql]
    assert asked
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"{explain} {sql}")
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
        assert "person_last_login" in plan, (sql, plan)
