"""Everything single-use, raced by threads: one winner, no 5xx, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection

from accounts.models import Confirmation, PendingSignup, User
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 16
PASSWORD = "nine lanterns over the marsh"


def race(act: Callable[[int], Any], racers: int = RACERS) -> list[Any]:
    """Run `act(number)` in as many threads at once; their results."""
    start = threading.Barrier(racers)

    def run(number: int) -> Any:
        try:
            start.wait(timeout=20)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


@pytest.fixture(autouse=True)
def room_for_a_crowd(settings):
    """The budgets are tested elsewhere; here a crowd comes from one network at once."""
    settings.POLICY_HASH_WAIT_SECONDS = 30
    for budget in ("LETTERS", "SIGNUPS", "CODE_TRIES"):
        setattr(settings, f"POLICY_{budget}_PER_HOUR", 10_000)


def browsers_that_signed_up(addresses: list[str], **fields: str) -> list[Visitor]:
    browsers = [Visitor() for _ in addresses]

    def sign_up(number: int) -> int:
        data = {"email": addresses[number], "password1": PASSWORD} | fields
        return browsers[number].post("/accounts/signup/", data).status_code

    assert race(sign_up, len(browsers)) == [302] * len(browsers)
    return browsers


def codes_of(browsers: list[Visitor]) -> list[str]:
    """The code of each browser's own letter, in the browsers' order."""
    letters = iter(Mailbox().all())
    order = {row.signup_id: next(letters).code for row in Confirmation.objects.order_by("pk")}
    return [order[browser.session["signup"]] for browser in browsers]


def test_sixteen_sign_ups_with_one_address_make_one_account():
    browsers = browsers_that_signed_up(["sam@example.org"] * RACERS)
    assert PendingSignup.objects.count() == RACERS
    codes = codes_of(browsers)
    statuses = race(
        lambda number: (
            browsers[number].post("/accounts/confirm-email/", {"code": codes[number]}).status_code
        )
    )
    assert sorted(statuses)[-1] == 302 and set(statuses) <= {200, 302}
    assert statuses.count(302) == 1
    assert User.objects.count() == EmailAddress.objects.count() == 1


def test_sixteen_sign_ups_with_one_username_give_it_to_one(settings):
    settings.POLICY_SIGNUP_USERNAME = True
    addresses = [f"sam{number}@example.org" for number in range(RACERS)]
    browsers = browsers_that_signed_up(addresses, username="wanderer")
    codes = codes_of(browsers)
    statuses = race(
        lambda number: (
            browsers[number].post("/accounts/confirm-email/", {"code": codes[number]}).status_code
        )
    )
    assert statuses.count(302) == 1 and set(statuses) <= {200, 302}
    assert User.objects.get().username == "wanderer"


def test_one_code_raced_is_spent_once():
    browser = browsers_that_signed_up(["sam@example.org"])[0]
    code = codes_of([browser])[0]
    cookies = browser.cookies["__Host-session"].value

    def confirm(number: int) -> int:
        tab = Visitor()
        tab.cookies["__Host-session"] = cookies
        return tab.post("/accounts/confirm-email/", {"code": code}).status_code

    statuses = race(confirm)
    assert max(statuses) < 500
    assert User.objects.count() == 1


def test_wrong_codes_in_parallel_are_compared_at_most_three_times(settings):
    """Facts: untouched, 50 parallel wrong codes are compared against a limit of 3."""
    browser = browsers_that_signed_up(["sam@example.org"])[0]
    pending = PendingSignup.objects.get()
    from accounts.flows import proofs

    letter = Mailbox().latest().code
    results = race(lambda number: proofs.match_code("BBBB-BBBB", signup=pending), 40)
    assert results == [None] * 40
    assert proofs.match_code(letter, signup=pending) is None
    assert Confirmation.objects.get().code_tries == settings.POLICY_CODE_TRIES
    assert browser.session["signup"] == pending.pk


def test_one_link_raced_makes_one_account():
    browser = browsers_that_signed_up(["sam@example.org"])[0]
    link = Mailbox().latest().link
    tabs = []
    for _ in range(RACERS):
        tab = Visitor()
        tab.get(link)
        tabs.append(tab)
    statuses = race(
        lambda number: (
            tabs[number].post("/accounts/confirm-email/link/", {"password": PASSWORD}).status_code
        )
    )
    assert max(statuses) < 500 and User.objects.count() == 1
    assert browser


def test_one_reset_link_raced_sets_one_password():
    from tests.support import cast

    alice = cast.person("alice")
    Visitor().post("/accounts/password/reset/", {"login": "alice"})
    link = Mailbox().latest().link
    tabs = []
    for _ in range(RACERS):
        tab = Visitor()
        opened = tab.get(link)
        tabs.append((tab, opened["Location"]))

    def choose(number: int) -> int:
        tab, where = tabs[number]
        password = f"the password of racer {number}"
        return tab.post(where, {"password1": password, "password2": password}).status_code

    statuses = race(choose)
    assert statuses.count(302) == 1 and max(statuses) < 500, statuses
    alice.refresh_from_db()
    winner = statuses.index(302)
    assert alice.check_password(f"the password of racer {winner}")
    assert Mailbox().kinds().count("password_changed") == 1


def test_sixteen_password_changes_from_one_state_change_it_once():
    from tests.support import cast

    alice = cast.person("alice")
    tabs = [Visitor() for _ in range(8)]
    for tab in tabs:
        tab.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})

    def change(number: int) -> int:
        password = f"the password of racer {number}"
        data = {"oldpassword": cast.PASSWORD, "password1": password, "password2": password}
        return tabs[number].post("/accounts/password/change/", data).status_code

    statuses = race(change, 8)
    assert statuses.count(302) == 1 and max(statuses) < 500, statuses
    alice.refresh_from_db()
    assert alice.check_password(f"the password of racer {statuses.index(302)}")


def test_one_address_raced_by_many_people_goes_to_one():
    from tests.support import cast

    people = [cast.person(f"person{number}") for number in range(8)]
    browsers = []
    for person in people:
        browser = Visitor()
        browser.post("/accounts/login/", {"login": person.username, "password": cast.PASSWORD})
        browser.post("/accounts/email/", {"email": "shared@example.org"})
        browsers.append(browser)
    codes = [letter.code for letter in Mailbox().all("shared@example.org")]
    race(
        lambda number: browsers[number].post("/accounts/confirm-email/", {"code": codes[number]}),
        8,
    )
    assert EmailAddress.objects.filter(email="shared@example.org", verified=True).count() == 1
