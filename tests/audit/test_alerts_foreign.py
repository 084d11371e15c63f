"""Rows that somebody put into the trail with SQL alarm nobody, and silence no alarm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import strange
from audit.alerts import entries
from audit.events import Event
from audit.models import AlertCheck, Entry
from tests.support.alerts import ADA, looks, quiet_site
from tests.support.strange_rows import slip_in
from tests.support.watching import ALICE, NOON, count, happens

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
MADE_STAFF = {"fields": ["is_staff"], "marks_given": ["is_staff"], "reason": "ticket 4411"}
# What a driver, or Python, does not read; SQLite keeps any bytes as a text.
UNREAD = {
    "postgresql": [
        ("facts", f"'{'[' * 3000}{']' * 3000}'"),
        ("facts", f"""'{{"marks_given": {"9" * 5000}}}'"""),
        ("at", "'infinity'"),
    ],
    "sqlite": [
        ("facts", """'{"marks_given": "\\ud800"}'"""),
        ("facts", """'{"marks_given": ["is_staff"], "fields": "\\ud800"}'"""),
        ("subject_id", "CAST(x'ff' AS TEXT)"),
        ("request_id", "CAST(x'ff' AS TEXT)"),
        ("personal", "'text'"),
        ("at", "'none'"),
    ],
}[connection.vendor]


@pytest.fixture(autouse=True)
def _quiet(settings) -> None:
    quiet_site(settings)


def made_staff(subject: str) -> int:
    happens(Event.STAFF_USER_CHANGED, subject=subject, **MADE_STAFF)
    return Entry.objects.order_by("-id").values_list("id", flat=True)[0]


@pytest.mark.parametrize("column, value", UNREAD)
def test_a_row_that_does_not_read_silences_nothing_that_comes_after_it(column, value):
    like = made_staff(ALICE)
    looks()
    slip_in(column, value, like=like)
    count()
    made_staff(ADA)
    opened = looks(NOON + MINUTE).opened
    assert [(one.rule, one.about) for one in opened] == [("staff_added", ADA)]
    end = Entry.objects.exclude(event=Event.ALERT_OPENED).order_by("-sequence")
    assert AlertCheck.objects.get().sequence == end.values_list("sequence", flat=True)[0]
    assert not looks(NOON + 2 * MINUTE).opened


@pytest.mark.parametrize("column, value", UNREAD)
def test_the_page_of_an_alert_goes_on_without_it(column, value):
    looks()
    mine = made_staff(ADA)
    (alert,) = looks(NOON + MINUTE).opened
    slip_in(column, value, like=mine)
    happens(Event.SIGNED_OUT, NOON + MINUTE)
    assert [line.id for line in entries.of(alert)] == [mine]


def test_what_this_site_did_not_write_alarms_nobody():
    like = made_staff(ALICE)
    looks()
    slip_in("subject_id", f"'{ADA}'", like=like)
    count()
    assert not looks(NOON + MINUTE).opened


def test_nor_does_it_stand_among_what_an_alert_was_made_of():
    looks()
    mine = made_staff(ADA)
    (alert,) = looks(NOON + MINUTE).opened
    slip_in("request_id", "'another'", like=mine)
    happens(Event.SIGNED_OUT, NOON + MINUTE)  # up to the newest of then is looked
    alert.times = 2
    assert [line.id for line in entries.of(alert)] == [mine]


def test_nor_is_what_it_was_made_of_hidden_behind_such_rows(monkeypatch):
    monkeypatch.setattr(entries, "LOOKED_THROUGH", 3)
    looks()
    mine = made_staff(ADA)
    (alert,) = looks(NOON + MINUTE).opened
    for _ in range(7):
        slip_in("request_id", "'another'", like=mine)
    happens(Event.SIGNED_OUT, NOON + MINUTE)
    assert [line.id for line in entries.of(alert)] == [mine]


TRIES = {
    "postgresql": [("facts", "'[1]'"), ("at", "'infinity'")],
    "sqlite": [
        ("network_digest", "CAST(x'ff' AS TEXT)"),
        ("subject_id", "CAST(x'ff' AS TEXT)"),
    ],
}[connection.vendor]


@pytest.mark.parametrize("column, value", TRIES)
def test_tries_are_counted_past_one_that_does_not_read(settings, column, value):
    settings.ALERTS = settings.ALERTS | {"accounts": 3}
    looks()
    for account in ("a", "b", "c"):
        happens(Event.SIGN_IN_FAILED, subject=account, ip="198.51.100.7", reason="wrong_password")
    slip_in(column, value, like=Entry.objects.order_by("-id").values_list("id", flat=True)[0])
    count()
    assert [one.rule for one in looks(NOON + MINUTE).opened] == ["network_accounts"]


@pytest.mark.skipif(
    connection.vendor != "sqlite",
    reason="PostgreSQL refuses such values in a column of that type.",
)
def test_one_that_does_not_read_costs_no_statement_for_each_of_the_others():
    like = made_staff(ALICE)
    for _ in range(256):
        slip_in("request_id", "''", like=like)
    assert len(strange.every(Entry.objects.order_by("id"))) == 257
    spoiled = slip_in("subject_id", "CAST(x'ff' AS TEXT)", like=like)
    with CaptureQueriesContext(connection) as asked:
        read = strange.every(Entry.objects.order_by("id"))
    assert spoiled not in {one.pk for one in read} and len(read) == 257
    assert len(asked) < 25


def test_where_the_key_of_the_chain_is_gone_an_alarm_is_one_still():
    looks()
    made_staff(ADA)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_subjectkey WHERE subject_id = 'chain'")
    found = strange.ours(Entry.objects.filter(subject_id=ADA), also_unknown=True)
    assert [one.subject_id for one in found] == [ADA]
    assert not strange.ours(Entry.objects.filter(subject_id=ADA), also_unknown=False)
