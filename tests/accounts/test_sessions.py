"""What a session is: one row, found by the digest of its cookie, closed to whoever has the table."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.store import SessionStore
from audit.sealing import token_digest
from tests.support import cast
from tests.support.visitor import FIREFOX_ON_LINUX, Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.session_pages")]

COOKIE = "__Host-session"
OTHER_KEYS = "t2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"


def sign_in(browser: Visitor, name: str = "alice") -> str:
    """Returns the cookie."""
    answer = browser.post("/accounts/login/", {"login": name, "password": cast.PASSWORD})
    assert answer.status_code == 302, answer.content
    return browser.cookies[COOKIE].value


def who(browser: Visitor) -> str:
    answer = browser.get("/t/who")
    assert answer.status_code == 200
    return answer.content.decode()


def with_cookie(value: str) -> Visitor:
    browser = Visitor()
    browser.cookies[COOKIE] = value
    return browser


def whole_table() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_session")
        return repr(cursor.fetchall())


def test_the_table_holds_neither_the_cookie_nor_what_the_session_knows(client, alice):
    cookie = sign_in(client)
    client.post("/t/note?text=a+thing+to+remember")
    assert client.get("/t/read_note").content == b"a thing to remember"
    assert cookie not in whole_table() and token_digest(cookie) in whole_table()
    for secret in ("remember", "_auth_user", "note", alice.email):
        assert secret not in whole_table()


def test_a_digest_from_the_table_is_no_cookie(client, alice):
    sign_in(client)
    assert who(with_cookie(Session.objects.get().key)) == "nobody"


def test_data_copied_into_another_row_does_not_open(client, another_browser, alice, bob):
    sign_in(client)
    other = another_browser()
    sign_in(other, "bob")
    data = Session.objects.get(user=alice).data
    Session.objects.filter(user=bob).update(data=data)
    assert who(other) == "nobody" and who(client) == "alice"


def test_nor_does_it_open_in_another_session_of_the_same_person(client, another_browser, alice):
    sign_in(client)
    strong = Session.objects.get()
    other = another_browser()
    sign_in(other)
    Session.objects.exclude(key=strong.key).update(data=strong.data)
    assert who(other) == "nobody" and who(client) == "alice"


def test_whose_session_it_is_the_column_says_and_data_that_differs_is_not_believed(
    client, alice, bob
):
    sign_in(client)
    Session.objects.update(user=bob)
    assert who(client) == "nobody"
    sign_in(client)
    Session.objects.filter(user=alice).update(user=None)
    assert who(client) == "nobody"


@pytest.mark.parametrize("harm", ["lost key", "cut", "not sealed", "empty"])
def test_data_that_does_not_open_is_no_session_and_no_error(client, alice, settings, harm):
    sign_in(client)
    data = Session.objects.get().data
    if harm == "lost key":
        settings.FIELD_KEYS = OTHER_KEYS
    else:
        Session.objects.update(data={"cut": data[:-9], "not sealed": "{}", "empty": ""}[harm])
    assert who(client) == "nobody"


def test_a_session_stays_open_while_the_sealing_key_rotates(client, alice, settings):
    sign_in(client)
    settings.FIELD_KEYS = f"{OTHER_KEYS},{settings.FIELD_KEYS}"
    assert who(client) == "alice"
    client.post("/t/note?text=anything")
    assert Session.objects.get().data.startswith("t2:") and who(client) == "alice"


def test_an_unknown_key_is_never_taken_up(client, alice):
    """ASVS 7.2.1, session fixation: whoever plants a cookie does not know the one that follows."""
    planted = "A" * 43
    victim = with_cookie(planted)
    assert victim.get("/t/who").cookies[COOKIE].value == ""  # dropped when it is read
    victim.cookies[COOKIE] = planted
    victim.post("/t/note?text=anything")
    assert victim.cookies[COOKIE].value not in ("", planted)
    assert not Session.objects.filter(key=token_digest(planted)).exists()


def test_a_signed_in_session_never_has_the_key_a_visitor_had(client, alice):
    client.post("/t/note?text=kept")
    planted, row = client.cookies[COOKIE].value, Session.objects.get()
    sign_in(client)
    assert who(with_cookie(planted)) == "nobody" and who(client) == "alice"
    assert client.get("/t/read_note").content == b"kept"
    assert Session.objects.get().created_at == row.created_at


def test_keys_are_256_bits_and_all_different():
    store = SessionStore()
    keys = {store._get_new_session_key() for _ in range(10_000)}
    assert len(keys) == 10_000 and {len(key) for key in keys} == {43}


@pytest.mark.parametrize("cookie", ["x", "é" * 43, "A" * 42, "A" * 44, "A" * 42 + "\n", "a b" * 20])
def test_a_cookie_we_never_made_costs_nothing_and_is_dropped(statements_of, cookie):
    browser = with_cookie(cookie)
    with statements_of() as statements:
        answer = browser.get("/t/who", headers={"cookie": f"{COOKIE}={cookie}"})
    assert answer.content == b"nobody" and statements.count == 0
    assert answer.cookies[COOKIE].value == ""


def test_a_visitor_costs_no_statement_and_a_signed_in_page_one(
    client, another_browser, alice, statements_of
):
    sign_in(client)
    with statements_of() as statements:
        assert who(another_browser()) == "nobody"
    assert statements.count == 0
    for page in ("/t/who", "/t/who", "/t/read_note"):
        with statements_of() as statements:
            client.get(page)
        assert statements.count == 1, statements.sql


def test_a_page_that_asks_for_no_session_reads_none(client, alice, statements_of):
    sign_in(client)
    with statements_of() as statements:
        answer = client.get("/healthz")
    assert statements.count == 0
    assert "Cookie" not in answer.get("Vary", "") and not answer.cookies
    with statements_of() as statements:
        Visitor().get("/t/nothing")
        client.get("/t/nothing")  # whether its person must set up a second step first
    assert statements.count == 1


def test_the_row_tells_who_where_how_and_since_when(alice):
    agent = FIREFOX_ON_LINUX + "\x00\x1b[31m\u202e" + "x" * 500
    browser = Visitor(headers={"user-agent": agent}, REMOTE_ADDR="2001:db8::7")
    before = timezone.now()
    sign_in(browser)
    row = Session.objects.get()
    assert (row.user, row.client_ip, row.credentials_version) == (alice, "2001:db8::7", 1)
    assert row.user_agent.startswith(FIREFOX_ON_LINUX + "[31mxxx")
    assert len(row.user_agent) == 300 and row.user_agent.isprintable()
    assert [proof["method"] for proof in row.proved] == ["password"]
    assert set(row.proved[0]) == {"method", "at"}
    for moment in (row.created_at, row.last_seen_at, row.signed_in_at):
        assert before <= moment <= timezone.now()


def test_a_second_proof_is_added_to_the_first(client, alice, clock):
    sign_in(client)
    clock.forward(minutes=6)
    client.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    first, second = Session.objects.get().proved
    assert first["method"] == second["method"] == "password"
    assert 360 <= second["at"] - first["at"] <= 390


def test_the_cookie_is_sent_when_it_is_new_and_not_again(client, alice):
    answer = client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["samesite"]) == ("/", "Lax")
    assert cookie["secure"] and cookie["httponly"]
    assert not cookie["domain"] and not cookie["max-age"] and not cookie["expires"]
    assert "Cookie" in answer["Vary"]
    for page in ("/t/who", "/t/note?text=1"):
        answer = client.get(page)
        assert COOKIE not in answer.cookies and "Cookie" in answer["Vary"]


def test_a_visitor_gets_no_cookie_for_reading(client):
    answer = client.get("/t/read_note")
    assert not answer.cookies and "Cookie" in answer["Vary"]
    assert not Session.objects.exists()


def test_a_page_that_failed_stores_nothing(client, alice, clock):
    client.raise_request_exception = False
    sign_in(client)
    seen = Session.objects.get().last_seen_at
    clock.forward(minutes=2)
    assert client.post("/t/crash").status_code == 500
    assert client.get("/t/read_note").content == b"none"
    clock.forward(minutes=2)
    seen = Session.objects.get().last_seen_at
    client.post("/t/crash")
    assert Session.objects.get().last_seen_at == seen


def test_signing_out_deletes_the_row_and_the_cookie(client, alice):
    cookie = sign_in(client)
    answer = client.post("/accounts/logout/")
    assert answer.cookies[COOKIE].value == "" and not Session.objects.exists()
    assert who(with_cookie(cookie)) == "nobody"


def test_without_djangos_session_app_admin_and_messages_work(client, ada, settings):
    assert "django.contrib.sessions" not in settings.INSTALLED_APPS
    sign_in(client, "ada")
    assert client.get("/admin/").status_code == 200
    data = {"name": "Ada A.", "language": "en", "time_zone": "UTC", "appearance": ""}
    answer = client.post("/accounts/profile/", data)
    assert "Your profile is saved." in client.get(answer["Location"]).content.decode()
    assert User.objects.get(pk=ada.pk).name == "Ada A."


def test_a_changed_secret_key_ends_sessions_and_a_fallback_keeps_them_under_a_new_key(
    client, alice, settings
):
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key" * 6
    cookie = sign_in(client)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], former
    assert who(client) == "alice" and client.cookies[COOKIE].value != cookie
    assert who(client) == "alice"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a third key" * 6, []
    assert who(client) == "nobody"
