"""Choosing the password that is required, many at once: one wins, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from accounts.models import Session
from audit.events import Event
from audit.models import Entry
from tests.support import breaches, cast
from tests.support.mailbox import Mailbox
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 8
PAGE = "/accounts/password/required/"
DONE = "/accounts/"


@pytest.fixture
def alice_is_breached(settings, tmp_path):
    breaches.breach(settings, tmp_path, cast.PASSWORD)
    return cast.person("alice")


def waiting() -> Visitor:
    browser = Visitor()
    answer = browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert answer["Location"] == PAGE
    return browser


def raced(browsers: list[Visitor], alice) -> None:
    first = ("ash", "oak", "elm", "fir", "yew", "box", "bay", "may")
    passwords = [f"{word} lanterns over the marsh" for word in first]

    def choose(number: int) -> tuple[int, str]:
        password = passwords[number]
        answer = browsers[number].post(PAGE, {"password1": password, "password2": password})
        return answer.status_code, answer.headers.get("Location", "")

    answers = race(choose, RACERS)
    assert answers.count((302, DONE)) == 1, answers
    assert max(status for status, _where in answers) < 500
    alice.refresh_from_db()
    winner = answers.index((302, DONE))
    assert alice.check_password(passwords[winner])
    assert browsers[winner].get(DONE).status_code == 200
    assert Session.objects.filter(user=alice).count() == 1
    assert Mailbox().kinds(alice.email) == ["password_changed"]
    for event in (Event.PASSWORD_CHANGED, Event.SIGNED_IN):
        assert Entry.objects.filter(event=event.value).count() == 1


def test_tabs_of_one_browser(alice_is_breached):
    first = waiting()
    tabs = [Visitor() for _ in range(RACERS)]
    for tab in tabs:
        tab.cookies["__Host-session"] = first.cookies["__Host-session"].value
    raced(tabs, alice_is_breached)


def test_many_browsers(alice_is_breached):
    raced([waiting() for _ in range(RACERS)], alice_is_breached)
