"""Counts that one try spends together: by time, by race, and after the clock jumped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.lockout import limits, meters
from accounts.lockout.counting import Reading
from accounts.models import Tally
from tests.support.race import race

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STREAK = meters.Meter("strangers", "s" * 64, 50)
WINDOW = meters.Meter("network_failures", "n" * 64, 60, timedelta(hours=1))


def ago(count, **by):
    return Reading(count, NOW - timedelta(**by))


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (2, 0), (3, 1), (4, 2), (5, 4), (6, 8), (12, 512), (13, 900), (49, 900)],
)
def test_the_pause_doubles_from_one_second_to_fifteen_minutes(failures, seconds):
    assert meters.pause(failures) == seconds


@pytest.mark.parametrize(
    ("meter", "reading", "seconds"),
    [
        (STREAK, Reading(), 0),
        (STREAK, ago(2, seconds=0), 0),
        (STREAK, ago(5, seconds=1), 3),
        (STREAK, ago(5, seconds=4), 0),
        (STREAK, ago(49, minutes=14), 60),
        (STREAK, ago(50, days=4000), meters.STOPPED),
        (STREAK, ago(49, seconds=-30), 900),  # another machine's clock is a little ahead
        (STREAK, ago(2, seconds=-1), 0),  # written a moment after the time was read
        (WINDOW, ago(59, seconds=-1), 0),
        (STREAK, ago(49, hours=-1), 0),  # the clock was set back: nobody waits for it to come again
        (STREAK, ago(50, hours=-1), meters.STOPPED),  # what was counted stays counted
        (WINDOW, ago(59, minutes=1), 0),
        (WINDOW, ago(60, minutes=1), 59 * 60),
        (WINDOW, ago(60, minutes=60), 0),
        (WINDOW, ago(60, hours=-1), 0),
    ],
)
def test_a_reading_says_how_long(meter, reading, seconds):
    assert meters.wait(meter, reading, NOW) == seconds


def take(*some):
    return meters.take(some, meters.read(some))


@pytest.mark.django_db
def test_one_that_is_closed_leaves_the_others_as_they_were():
    full = meters.meter("site_failures", "all", 2, timedelta(hours=1))
    for number in range(2):
        assert take(full, meters.meter("network_failures", f"n{number}", 9, timedelta(hours=1)))
    before = list(Tally.objects.order_by("pk").values_list("budget", "count"))
    other = meters.meter("network_failures", "n0", 9, timedelta(hours=1))
    # As seen before the other request: only the statement itself can know.
    assert meters.take([full, other], {}) is None
    assert list(Tally.objects.order_by("pk").values_list("budget", "count")) == before


@pytest.mark.django_db
def test_who_was_too_late_for_one_limit_begins_no_pause_of_another(clock):
    full = meters.meter("site_failures", "all", 1, timedelta(hours=1))
    streak = meters.meter("strangers", "a", 50)
    for _ in range(3):
        take(streak)
    clock.forward(seconds=1)  # its pause has been waited out
    before = meters.read([streak])
    assert take(full)
    assert meters.take([full, streak], before) is None  # as seen before the site was full
    assert meters.read([streak]) == before
    assert take(streak)


@pytest.mark.django_db
def test_a_window_begins_anew_and_a_streak_goes_on(clock):
    window = meters.meter("network_failures", "n", 2, timedelta(hours=1))
    streak = meters.meter("strangers", "a", 50)
    assert [take(window, streak) is not None for _ in range(3)] == [True, True, False]
    clock.forward(hours=1, seconds=1)
    assert take(window, streak) == {"network_failures": 1, "strangers": 3}


@pytest.mark.django_db
def test_what_is_given_back_can_be_taken_again_and_never_goes_below_nothing():
    window = meters.meter("network_failures", "n", 2, timedelta(hours=1))
    for _ in range(5):
        assert take(window) == {"network_failures": 1}
        meters.give_back([window])
    meters.give_back([window])
    assert Tally.objects.get().count == 0
    meters.give_back([])


@pytest.mark.django_db
def test_a_row_is_found_by_its_index():
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        three = [limits.strangers("a"), limits.network("n"), limits.site()]
        either = " OR ".join(["(budget = %s AND subject = %s)"] * 3)
        sql = f"SELECT count FROM accounts_tally WHERE {either}"  # noqa: S608
        cursor.execute(explain + sql, [part for meter in three for part in meter.key])
        plan = repr(cursor.fetchall())
    # Which index of the table PostgreSQL takes depends on what it believes to be in it.
    assert "SEARCH accounts_tally USING INDEX" in plan or "Index Scan" in plan
    assert "SCAN accounts_tally" not in plan and "Seq Scan" not in plan


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_take_the_free_tries_and_then_one_in_each_pause(clock):
    streak = meters.meter("strangers", "a", 50)
    assert sum(race(lambda n: take(streak) is not None, 50)) == 3
    for pause in (1, 2, 4, 8):
        clock.forward(seconds=pause)
        assert sum(race(lambda n: take(streak) is not None, 20)) == 1
    assert Tally.objects.get().count == 7


@pytest.mark.django_db(transaction=True)
def test_two_for_the_last_guess_get_it_once(settings):
    settings.POLICY_FREE_FAILURES = 1000
    streak = meters.meter("strangers", "a", 50)
    for _ in range(49):
        take(streak)
    assert sum(race(lambda n: take(streak) is not None, 2)) == 1
    assert meters.wait(streak, meters.read([streak])[streak.key], NOW) == meters.STOPPED


@pytest.mark.django_db(transaction=True)
def test_takers_and_givers_of_shared_rows_never_wait_for_each_other(settings):
    """All take several rows in one statement: in any other order than one, two would deadlock."""
    settings.POLICY_FREE_FAILURES = 1000

    def act(number):
        some = [
            limits.site(),
            limits.network(f"n{number % 2}"),
            limits.strangers(f"a{number % 3}"),
        ]
        for _ in range(10):
            if take(*some) is not None and number % 2:
                meters.give_back(reversed(some))

    race(act, 16)
    assert Tally.objects.get(budget="site_failures").count <= 80
