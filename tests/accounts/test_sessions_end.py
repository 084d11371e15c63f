"""When a session ends, and when its key does. Whatever ends it is read from the row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import login
from django.db.models import F
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions import guard
from accounts.sessions.store import SessionStore
from tests.accounts.test_sessions import COOKIE, sign_in, who, with_cookie
from tests.support import cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.session_pages")]


def test_an_unused_session_ends_after_the_idle_time(client, alice, clock):
    sign_in(client)
    clock.forward(minutes=29)
    assert who(client) == "alice"
    clock.forward(minutes=31)
    assert who(client) == "nobody"


def test_use_keeps_a_session_alive_and_never_beyond_the_absolute_end(client, alice, clock):
    """ASVS 7.3.2, NIST SP 800-63B-4 5.2: seen every 20 minutes, ended after 8 hours all the same."""
    sign_in(client)
    for _ in range(23):
        clock.forward(minutes=20)
        assert who(client) == "alice"
    clock.forward(minutes=21)
    assert who(client) == "nobody"


def test_staff_sessions_end_sooner_when_unused(client, ada, clock):
    sign_in(client, "ada")
    clock.forward(minutes=14)
    assert who(client) == "ada"
    clock.forward(minutes=16)
    assert who(client) == "nobody"


def test_who_becomes_staff_meanwhile_has_the_staff_end_at_once(client, alice, clock):
    sign_in(client)
    User.objects.update(is_staff=True)
    clock.forward(minutes=16)
    assert who(client) == "nobody"


def test_shorter_times_set_by_the_operator_hold_for_sessions_that_live(
    client, alice, clock, settings
):
    sign_in(client)
    clock.forward(minutes=10)
    settings.POLICY_IDLE_MINUTES = 5
    assert who(client) == "nobody"


def test_nothing_in_the_data_makes_a_session_last_longer(client, alice, clock):
    sign_in(client)
    client.post("/t/long_lived")
    row = Session.objects.get()
    assert row.expires_at <= timezone.now() + timedelta(minutes=30)
    Session.objects.update(expires_at=timezone.now() + timedelta(days=365))
    clock.forward(minutes=31)
    assert who(client) == "nobody"


def test_a_row_marked_as_over_is_over(client, alice):
    sign_in(client)
    Session.objects.update(expires_at=timezone.now())
    assert who(client) == "nobody"


def test_a_visitors_session_ends_some_hours_after_it_began_however_used(client, clock):
    client.post("/t/note?text=kept")
    for _ in range(7):
        clock.forward(hours=1)
        client.post("/t/note?text=kept")
    assert client.get("/t/read_note").content == b"kept"
    clock.forward(hours=1, seconds=1)
    assert client.get("/t/read_note").content == b"none"


def test_a_session_of_older_credentials_is_dead(client, alice):
    sign_in(client)
    User.objects.update(credentials_version=F("credentials_version") + 1)
    assert who(client) == "nobody"


def test_sessions_taken_along_to_the_new_credentials_live_on(client, another_browser, alice):
    sign_in(client)
    other = another_browser()
    sign_in(other)
    again = "another kettle of quiet violets"
    data = {"oldpassword": cast.PASSWORD, "password1": again, "password2": again}
    assert client.post("/accounts/password/change/", data).status_code == 302
    assert who(client) == who(other) == "alice"


def test_a_sign_in_with_credentials_that_changed_meanwhile_opens_nothing(client, alice, rf):
    """The password was checked, and was changed before the session was written."""
    request = rf.post("/")
    request.session = SessionStore()
    User.objects.update(credentials_version=F("credentials_version") + 1)
    login(request, alice, "accounts.backends.OneHashBackend")
    request.session.save()
    assert who(with_cookie(request.session.session_key)) == "nobody"


def test_a_person_switched_off_is_out_at_once(client, alice):
    sign_in(client)
    client.post("/t/note?text=of+alice")
    User.objects.update(is_active=False)
    assert client.get("/t/read_note").content == b"none" and who(client) == "nobody"


def test_a_person_deleted_is_out_at_once(client, alice):
    sign_in(client)
    alice.delete()
    assert not Session.objects.exists() and who(client) == "nobody"


def test_seen_is_written_once_a_minute_and_in_one_statement(client, alice, clock, statements_of):
    sign_in(client)
    first = Session.objects.get().last_seen_at
    clock.forward(seconds=50)
    who(client)
    assert Session.objects.get().last_seen_at == first
    clock.forward(seconds=15)
    with statements_of() as statements:
        client.get("/t/who", REMOTE_ADDR="198.51.100.9")
    assert statements.count == 1  # the touch is not counted
    row = Session.objects.get()
    assert row.last_seen_at > first and row.client_ip == "198.51.100.9"
    assert row.expires_at == row.last_seen_at + timedelta(minutes=30)


def test_expired_rows_are_cleared_and_living_ones_are_not(client, another_browser, alice, clock):
    sign_in(another_browser())
    clock.forward(minutes=20)
    sign_in(client)
    clock.forward(minutes=11)
    SessionStore.clear_expired()
    assert Session.objects.count() == 1 and who(client) == "alice"


@pytest.mark.parametrize(
    "act",
    [
        lambda browser: browser.post("/accounts/reauthenticate/", {"password": cast.PASSWORD}),
        lambda browser: browser.post(
            "/accounts/password/change/",
            {"oldpassword": cast.PASSWORD}
            | dict.fromkeys(("password1", "password2"), "some lamps in the harbour"),
        ),
        lambda browser: browser.post("/t/new_key"),
    ],
    ids=["reauthentication", "password change", "cycle"],
)
def test_a_stronger_session_has_a_new_key_and_the_old_one_is_dead(client, alice, act):
    """ASVS 7.2.4."""
    old, born = sign_in(client), Session.objects.get()
    client.post("/t/note?text=kept")
    act(client)
    assert client.cookies[COOKIE].value != old
    assert who(with_cookie(old)) == "nobody" and who(client) == "alice"
    assert client.get("/t/read_note").content == b"kept"
    row = Session.objects.get()
    assert (row.created_at, row.signed_in_at) == (born.created_at, born.signed_in_at)


def test_signing_in_again_within_a_session_gives_a_new_key_too(client, alice, rf):
    request = rf.post("/")
    request.session = SessionStore(sign_in(client))
    login(request, alice, "accounts.backends.OneHashBackend")
    request.session.save()
    assert who(client) == "nobody"
    assert who(with_cookie(request.session.session_key)) == "alice"


def test_signing_in_as_somebody_else_takes_nothing_along(client, alice, bob, rf):
    request = rf.post("/")
    cookie = sign_in(client)
    client.post("/t/note?text=of+alice")
    request.session = SessionStore(cookie)
    login(request, bob, "accounts.backends.OneHashBackend")
    request.session.save()
    browser = with_cookie(request.session.session_key)
    assert who(browser) == "bob" and browser.get("/t/read_note").content == b"none"
    assert who(client) == "nobody"


def test_a_suspended_form_is_dropped_after_ten_minutes(client, alice, clock):
    """It may hold a typed password."""
    sign_in(client)
    client.post("/t/suspend?text=a+form")
    client.post("/t/note?text=kept")
    clock.forward(minutes=9)
    client.post("/t/note?text=kept+on")  # saving again does not make it younger
    assert client.get("/t/suspended").content == b"a form"
    clock.forward(minutes=2)
    assert client.get("/t/suspended").content == b"none"
    assert client.get("/t/read_note").content == b"kept on"


def test_another_suspended_form_has_its_own_ten_minutes(client, alice, clock):
    sign_in(client)
    client.post("/t/suspend?text=a+form")
    clock.forward(minutes=9)
    client.post("/t/suspend?text=another")
    clock.forward(minutes=9)
    assert client.get("/t/suspended").content == b"another"


def test_others_are_ended_and_this_one_is_kept(client, another_browser, alice, bob):
    sign_in(client)
    mine = Session.objects.get().key
    others = [another_browser() for _ in range(2)]
    for browser in others:
        sign_in(browser)
    bobs = another_browser()
    sign_in(bobs, "bob")
    assert guard.end_others(alice, mine) == 2
    assert [who(browser) for browser in (client, *others, bobs)] == [
        "alice", "nobody", "nobody", "bob",
    ]  # fmt: skip
    assert guard.end_all(alice) == 1 and who(client) == "nobody" and who(bobs) == "bob"
