"""A session that is ended while a request of it is under way: reading may finish, nothing else."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction
from django.db.models import F

from accounts.errors import SessionEnded
from accounts.models import Session, User
from accounts.sessions import guard
from accounts.sessions.store import SessionStore
from tests.accounts.test_sessions import COOKIE, sign_in, who, with_cookie
from tests.support import session_pages
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.session_pages")]


@pytest.fixture(autouse=True)
def nothing_left_over():
    yield
    session_pages.meanwhile.clear()


@pytest.fixture
def meanwhile():
    return session_pages.meanwhile.append


def test_reading_may_finish_and_revives_nothing(client, alice, clock, meanwhile):
    sign_in(client)
    clock.forward(minutes=5)  # so that this request would be noted as seen
    meanwhile(lambda: guard.end_all(alice))
    answer = client.get("/t/who")
    assert (answer.status_code, answer.content) == (200, b"alice")
    assert not answer.cookies and not Session.objects.exists()
    assert who(client) == "nobody"


def test_reading_that_would_store_something_stores_nothing(client, alice, meanwhile):
    sign_in(client)
    meanwhile(lambda: guard.end_all(alice))
    answer = client.get("/t/note?text=1")
    assert answer.content == b"noted" and not answer.cookies
    assert not Session.objects.exists()


def test_writing_is_told_that_the_session_ended(client, alice, meanwhile):
    sign_in(client)
    meanwhile(lambda: guard.end_all(alice))
    answer = client.post("/t/note?text=1")
    page = answer.content.decode()
    assert answer.status_code == 403 and "You are signed out" in page
    assert 'href="/accounts/login/?next=/t/note"' in page
    assert "alice" not in page.lower() and "Cookie" in answer["Vary"]
    assert answer.context["user"].is_anonymous  # whatever a layout may show of somebody signed in
    assert not answer.cookies and not Session.objects.exists()


def test_a_new_key_does_not_save_a_session_that_was_ended(client, alice, meanwhile):
    """Django's own cycle_key writes a new row here: "sign out everywhere" would lose."""
    sign_in(client)
    meanwhile(lambda: guard.end_all(alice))
    answer = client.post("/t/new_key")
    assert answer.status_code == 403 and not answer.cookies and not Session.objects.exists()


@pytest.mark.parametrize(
    "end",
    [
        guard.end_all,
        lambda user: User.objects.update(credentials_version=F("credentials_version") + 1),
        lambda user: User.objects.update(is_active=False),
        lambda user: user.delete(),
    ],
    ids=["ended", "credentials changed", "switched off", "deleted"],
)
def test_a_sensitive_change_is_not_made_once_the_session_ended(client, alice, meanwhile, end):
    sign_in(client)
    meanwhile(lambda: end(User.objects.get(pk=alice.pk)))
    answer = client.post("/t/rename?text=Mallory")
    assert answer.status_code == 403 and "You are signed out" in answer.content.decode()
    assert not answer.cookies
    assert not User.objects.filter(name="Mallory").exists()


def test_a_sensitive_change_is_made_in_a_living_session(client, alice, meanwhile):
    sign_in(client)
    meanwhile(lambda: None)
    assert client.post("/t/rename?text=Alice+A.").content == b"renamed"
    assert User.objects.get().name == "Alice A."


def test_credentials_moved_with_the_session_leave_it_able_to_change_things(
    client, alice, meanwhile
):
    def moved(version):
        User.objects.update(credentials_version=version)
        Session.objects.update(credentials_version=version)

    sign_in(client)
    meanwhile(lambda: moved(2))
    assert client.post("/t/rename?text=Alice+A.").content == b"renamed"
    meanwhile(lambda: moved(3))
    assert client.post("/t/note?text=1").status_code == 200
    assert Session.objects.get().credentials_version == 3  # a save never turns it back


def test_a_visitor_makes_no_sensitive_change(client, rf):
    request = rf.post("/")
    for cookie in (None, "A" * 43):
        request.session = SessionStore(cookie)
        with pytest.raises(SessionEnded), transaction.atomic():
            guard.still_alive(request)


@pytest.mark.django_db(transaction=True)
def test_the_guard_looks_only_where_it_can_hold_what_it_saw(client, alice, rf):
    request = rf.post("/")
    request.session = SessionStore(sign_in(client))
    with pytest.raises(AssertionError):
        guard.still_alive(request)


def test_what_is_gone_is_gone_under_djangos_names_too(client, alice):
    store = SessionStore(sign_in(client))
    store["a"] = 1
    Session.objects.all().delete()
    for name in (UpdateError, SessionInterrupted, SessionEnded):
        with pytest.raises(name):
            store.save()
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_that_renew_the_key_one_wins(alice):
    browser = Visitor()
    cookie = sign_in(browser)
    tabs = [with_cookie(cookie) for _ in range(8)]
    answers = race(lambda number: tabs[number].post("/t/new_key"), len(tabs))
    assert sorted(answer.status_code for answer in answers)[:1] == [200]
    winners = [tab for tab, answer in zip(tabs, answers, strict=True) if COOKIE in answer.cookies]
    living = [tab for tab in winners if tab.cookies[COOKIE].value and who(tab) == "alice"]
    assert len(living) == 1 and Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ending_all_sessions_wins_over_everything_in_flight(alice):
    """Writers, new keys and changes race with the end: afterwards nobody is in."""
    for _ in range(5):
        browsers = [Visitor() for _ in range(7)]
        for browser in browsers:
            sign_in(browser)
        pages = ["/t/note?text=1", "/t/new_key", "/t/rename?text=A", "/t/who"] * 2

        def act(number, browsers=browsers, pages=pages):
            if number == len(browsers):
                return guard.end_all(User.objects.get(pk=alice.pk))
            return browsers[number].post(pages[number]).status_code

        results = race(act, len(browsers) + 1)
        assert set(results[:-1]) <= {200, 403}, results
        assert not Session.objects.exclude(user=None).exists()
        assert {who(browser) for browser in browsers} == {"nobody"}


@pytest.mark.django_db(transaction=True)
def test_changes_from_two_devices_at_once_do_not_wait_for_each_other(alice):
    """Each holds its own session and ends the other's: without one order of locks PostgreSQL finds a
    deadlock and one of them gets a 500."""

    def change(key: str) -> str:
        request = type("Request", (), {"session": SessionStore(key), "user": alice})()
        try:
            with transaction.atomic():
                guard.still_alive(request)
                User.objects.filter(pk=alice.pk).update(name=key)
                guard.end_others(alice, request.session.row.key)
        except SessionEnded:
            return "ended"
        return "done"

    for _ in range(10):
        keys = [sign_in(Visitor()) for _ in range(2)]
        assert sorted(race(lambda number, keys=keys: change(keys[number]), 2)) == ["done", "ended"]
        assert Session.objects.count() == 1
        Session.objects.all().delete()
