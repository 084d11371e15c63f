"""The value by which a browser is known again: a new one each time, and never one that was planted."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.known_devices import devices
from accounts.models import KnownDevice, Session, User
from tests.accounts.test_known_devices import COOKIE, copy_of, known, knows
from tests.accounts.test_lockout import guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.accounts.test_password_reset import ask, choose
from tests.support import cast
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]

PLANTED = "A" * 43
RACERS = 8


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.BOT_CHECK = "off"
    return still_clock


def planted():
    browser = Visitor()
    browser.cookies[COOKIE] = PLANTED
    return browser


def is_stored(value):
    return KnownDevice.objects.filter(key=devices.sealing.token_digest(value)).exists()


def reset(browser, mailbox):
    ask(browser, "alice")
    choose(browser, mailbox.latest().link, "six herons at noon sharp")


def unlock(browser, mailbox):
    browser.post("/accounts/unlock/", {"login": "alice"})
    browser.post("/accounts/unlock/code/", {"code": mailbox.latest().code})


@pytest.mark.parametrize("act", [known, reset, unlock])
def test_a_value_that_somebody_planted_becomes_nobodys(alice, mailbox, act):
    browser = planted()
    act(browser, *([mailbox] if act is not known else []))
    assert knows(browser, alice) and not is_stored(PLANTED)


@pytest.mark.parametrize("act", [known, reset])
def test_a_copy_dies_when_the_owner_comes_in_again(elsewhere, alice, mailbox, clock, settings, act):
    settings.POLICY_STRANGER_FAILURES = 5
    owner = known()
    copy = copy_of(owner)
    act(owner, *([mailbox] if act is reset else []))
    assert knows(owner, alice) and not knows(copy, alice)
    guess_on_and_on(elsewhere, clock, 5)
    assert guess(copy, password=cast.PASSWORD, ip="203.0.113.200").status_code == 429
    assert KnownDevice.objects.get().failures == 0


def test_an_unlock_letter_keeps_the_others_of_its_browser_known(alice, bob, mailbox):
    browser = known(name="bob")
    unlock(browser, mailbox)
    assert knows(browser, alice) and knows(browser, bob)


def test_whoever_else_is_known_there_moves_along_and_no_more(alice, bob, clock):
    browser = known()
    before = KnownDevice.objects.get()
    guess(browser)
    clock.forward(seconds=100)
    known(browser, "bob")
    after = KnownDevice.objects.get(user=alice)
    assert knows(browser, alice) and after.failures == 1
    assert after.last_used_at == before.last_used_at


def test_a_sign_in_that_failed_leaves_the_browser_its_value(alice):
    """All of it was undone, the new value too."""
    browser = known()
    value = browser.cookies[COOKIE].value
    browser.raise_request_exception = False

    def refuse(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "audit_entry"'):
            raise DatabaseError("The disk is full, say.")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert guess(browser, password=cast.PASSWORD).status_code == 500
    assert browser.cookies[COOKIE].value == value and knows(browser, alice)


# --- at once --------------------------------------------------------------------------------------


@pytest.fixture
def room_for_a_crowd(settings, transactional_db):
    settings.POLICY_FREE_FAILURES = settings.POLICY_FAILURES_PER_NETWORK = 1000
    settings.POLICY_NETWORK_FAILURES = 1000


@pytest.mark.django_db(transaction=True)
def test_many_sign_ins_of_one_browser_at_once_leave_it_known(room_for_a_crowd):
    """Whichever of the answers it gets last."""
    alice = cast.person("alice")
    browser = known()
    tabs = [copy_of(browser) for _ in range(RACERS)]
    statuses = race(lambda n: guess(tabs[n], password=cast.PASSWORD).status_code, RACERS)
    assert statuses == [302] * RACERS
    assert all(knows(tab, alice) for tab in tabs) and not knows(browser, alice)


@pytest.mark.django_db(transaction=True)
def test_many_people_of_one_browser_at_once_come_in_and_lose_no_row(room_for_a_crowd):
    """A ring of people who wait for each other's rows would end in an error."""
    people = [cast.person(f"person{number}") for number in range(RACERS)]
    browser = Visitor()
    for person in people:
        known(browser, person.username)
    for _ in range(3):
        tabs = [copy_of(browser) for _ in people]
        answers = race(
            lambda n, tabs=tabs: guess(tabs[n], people[n].username, cast.PASSWORD), RACERS
        )
        assert [answer.status_code for answer in answers] == [302] * RACERS
        assert all(knows(tab, person) for tab, person in zip(tabs, people, strict=True))
        browser = tabs[-1]
    assert set(KnownDevice.objects.values_list("user", flat=True)) == {one.pk for one in people}
    assert Session.objects.exclude(user=None).count() >= 3 * RACERS


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_waits_for_nobody_elses_row(room_for_a_crowd):
    """On PostgreSQL, while a row of Bob's is held; SQLite holds no rows, and has one writer."""
    holds_rows = connection.vendor == "postgresql"
    alice, bob = cast.person("alice"), cast.person("bob")
    browser = known(known(), "bob")

    def come_in(number):
        if holds_rows:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")  # an error then
        return guess(browser, password=cast.PASSWORD).status_code

    with transaction.atomic() if holds_rows else nullcontext():
        list(KnownDevice.objects.select_for_update().filter(user=bob) if holds_rows else ())
        [status] = race(come_in, 1)
    assert status == 302 and knows(browser, alice)
    assert KnownDevice.objects.filter(user=bob).count() == 1


@pytest.mark.django_db(transaction=True)
def test_people_who_change_passwords_and_come_in_at_once_do_not_hold_each_other_up(
    room_for_a_crowd,
):
    """Two browsers, shared by all: who comes in holds the rows of one, who changes a password those
    of one person."""
    people = [cast.person(f"person{number}") for number in range(RACERS)]
    shared = [Visitor(), Visitor()]
    for browser in shared:
        for person in people:
            known(browser, person.username)
    new = "eleven copper weathercocks"
    homes = [Visitor() for _ in people[: RACERS // 2]]
    for home, person in zip(homes, people, strict=False):
        guess(home, person.username, cast.PASSWORD)

    def act(number):
        if number < len(homes):
            twice = {"password1": new, "password2": new, "oldpassword": cast.PASSWORD}
            return homes[number].post("/accounts/password/change/", twice).status_code
        browser = copy_of(shared[number % 2])
        return guess(browser, people[number].username, cast.PASSWORD).status_code

    assert race(act, RACERS) == [302] * RACERS
    for person in User.objects.filter(pk__in=[one.pk for one in people[: len(homes)]]):
        assert person.check_password(new)
