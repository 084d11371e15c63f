"""Signing in and out: one answer for every wrong pair, one statement list, no stray redirect."""

from __future__ import annotations

import pytest
from django.contrib.auth import login, user_login_failed

from accounts.errors import CredentialsMoved
from accounts.flows import sign_in as sign_in_flow
from accounts.models import Session, User
from accounts.sessions.store import SessionStore
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import errors_of, same_bytes

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
WRONG = "The email address, username or password is not right. Check them and try again."


def sign_in(browser, identifier="alice", password=cast.PASSWORD, **extra):
    return browser.post(LOGIN, {"login": identifier, "password": password} | extra)


@pytest.mark.parametrize(
    "typed", ["alice", "ALICE", " alice ", "alice@example.org", "Alice@Example.ORG"]
)
def test_every_spelling_signs_in(client, alice, typed):
    answer = sign_in(client, typed)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/")
    assert client.get("/accounts/").status_code == 200


def test_a_second_confirmed_address_signs_in_and_an_unconfirmed_one_does_not(client, alice):
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=alice, email="a2@example.org", verified=True)
    EmailAddress.objects.create(user=alice, email="a3@example.org", verified=False)
    assert sign_in(client, "a3@example.org").status_code == 200
    assert sign_in(client, "a2@example.org").status_code == 302


def test_wrong_unknown_switched_off_and_passwordless_look_alike(another_browser, alice, bob):
    carol = cast.person("carol", password=None)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    names = ["alice@example.org", "nobody@example.org", "bob@example.org", carol.email]
    answers = {}
    for name in names:
        password = cast.PASSWORD if name == "bob@example.org" else "a wrong guess of some length"
        answers[name] = sign_in(another_browser(), name, password)
        assert WRONG in errors_of(answers[name])
    for name in names[1:]:
        same_bytes(answers[names[0]], answers[name], echo=(names[0], name))


def test_wrong_and_unknown_cost_the_same_and_little(another_browser, alice, bob, statements_of):
    sign_in(another_browser(), "bob")  # whoever has an account was named in the trail before
    kinds = []
    for name in ("alice", "nobody", "alice", "nobody", "bob@example.org", "no@example.org"):
        browser = another_browser()
        browser.get(LOGIN)
        with statements_of() as statements:
            sign_in(browser, name, "a wrong guess of some length")
        kinds.append(statements.kinds)
        assert statements.count <= (8 if len(kinds) in (3, 4) else 10), statements.sql
    assert kinds[2] == kinds[3] and kinds[4] == kinds[5]


def test_pages_cost_no_more_statements_than_promised(client, alice, statements_of):
    with statements_of() as statements:
        client.get(LOGIN)
    assert statements.count == 0, statements.sql
    with statements_of() as statements:
        sign_in(client)
    # On a device that is not known: who is told of it, and a letter of two rows.
    assert statements.count <= 19, statements.sql
    client.post("/accounts/logout/")
    with statements_of() as statements:
        sign_in(client)
    assert statements.count <= 12, statements.sql  # on a device that is known
    client.get("/accounts/")
    with statements_of() as statements:
        client.get("/accounts/password/change/")
    assert statements.count == 1, statements.sql
    with statements_of() as statements:
        client.get("/accounts/")
    assert statements.count <= 3, statements.sql


def test_the_typed_name_comes_back_and_the_password_never(client, alice):
    page = sign_in(client, "alice", "a wrong guess of some length").content.decode()
    assert 'value="alice"' in page and "a wrong guess" not in page


def test_signing_in_makes_a_new_key_and_keeps_nothing_of_the_visitor(client, alice):
    client.post("/accounts/password/reset/", {"login": "someone@example.org"})
    before = client.cookies["__Host-session"].value
    sign_in(client)
    assert client.cookies["__Host-session"].value != before
    assert Session.objects.get().user == alice


def test_a_login_under_way_ends_when_the_credentials_move(client, alice, rf):
    """Between the password and the end of the road there may be steps; what was proved is old then."""
    from accounts.errors import CredentialsMoved
    from accounts.flows import sign_in as flow

    request = client.get(LOGIN).wsgi_request
    flow.begin(request, alice)
    User.objects.filter(pk=alice.pk).update(credentials_version=9)
    alice.refresh_from_db()
    with pytest.raises(CredentialsMoved):
        flow.finish(request, alice, lambda *_: pytest.fail("signed in"))
    with pytest.raises(CredentialsMoved):  # and one that nobody began
        flow.finish(request, alice, lambda *_: pytest.fail("signed in"))


def test_signing_out_takes_a_post_and_ends_the_session_at_once(client, alice):
    sign_in(client)
    assert "Sign out of" in client.get("/accounts/logout/").content.decode()
    assert Session.objects.count() == 1
    stolen = client.cookies["__Host-session"].value
    answer = client.post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "You have signed out." in client.get(answer["Location"]).content.decode()
    assert not Session.objects.exists()
    client.cookies["__Host-session"] = stolen
    assert client.get("/accounts/").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "http://testserver/accounts/",
        "https://testserver@evil.example/",
        "https://evil.example\\@testserver/",
        "javascript:alert(1)",
        " https://evil.example/",
        "/accounts/\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "https://testserver//evil.example",
        "https://testserver///evil.example",
        "//testserver//evil.example",
        "https://testserver/\\evil.example",
        "foo",
        "home",
        "accounts/profile/",
        "%252e",
        "x" * 2000,
        "/" + "x" * 2000,
    ],
)
def test_next_never_leaves_the_site(client, alice, target):
    assert sign_in(client, next=target)["Location"] == "/accounts/"
    again = client.get(LOGIN, {"next": target})
    assert again["Location"] == "/accounts/"
    spoken = client.get("/language/", {"lang": "en", "next": target})
    assert spoken["Location"] == LOGIN


@pytest.mark.parametrize("target", ["/accounts/profile/", "https://testserver/accounts/profile/"])
def test_next_is_followed_on_this_site(client, alice, target):
    assert sign_in(client, next=target)["Location"].endswith("/accounts/profile/")


def test_a_page_that_needs_a_person_sends_to_sign_in_and_back(client, alice):
    answer = client.get("/accounts/profile/")
    assert answer["Location"] == "/accounts/login/?next=/accounts/profile/"
    page = client.get(answer["Location"]).content.decode()
    assert 'name="next" value="/accounts/profile/"' in page


def test_a_form_without_its_token_is_not_taken(alice):
    from tests.support.visitor import Visitor

    strict = Visitor(enforce_csrf_checks=True)
    answer = sign_in(strict)
    assert answer.status_code == 403
    assert "This page was open too long" in answer.content.decode()
    assert strict.post("/accounts/logout/").status_code == 403
    assert not Session.objects.exists()


def test_a_switched_off_owner_is_told_by_letter_once_a_day(client, alice, mailbox, clock):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for _ in range(3):
        sign_in(client)
    assert mailbox.kinds(alice.email) == ["switched_off"]
    sign_in(client, password="a wrong guess of some length")
    assert len(mailbox.all()) == 1
    clock.forward(days=1, minutes=1)
    sign_in(client)
    assert len(mailbox.all()) == 2


def test_switching_somebody_off_ends_what_is_open(client, alice):
    sign_in(client)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/accounts/").status_code == 302


def test_ten_wrong_guesses_pause_that_account_for_that_network(another_browser, alice, settings):
    settings.POLICY_FREE_FAILURES = 1000  # the pause between guesses: test_lockout_pauses.py
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
        sign_in(another_browser(), "alice", "a wrong guess of some length")
    refused = sign_in(another_browser(), "ALICE@example.org")
    assert refused.status_code == 429 and 0 < int(refused["Retry-After"]) <= 900
    elsewhere = another_browser().post(
        LOGIN,
        {"login": "alice", "password": cast.PASSWORD},
        REMOTE_ADDR="203.0.113.9",
    )
    assert elsewhere.status_code == 302


def test_an_unknown_name_is_paused_just_like_a_known_one(another_browser, alice, settings):
    settings.POLICY_FREE_FAILURES = 1000  # the pause between guesses: test_lockout_pauses.py
    for name in ("alice", "nobody"):
        for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
            sign_in(another_browser(), name, "a wrong guess of some length")
    known, unknown = (sign_in(another_browser(), name) for name in ("alice", "nobody"))
    known.headers["Retry-After"] = unknown.headers["Retry-After"]
    assert same_bytes(known, unknown, echo=("alice", "nobody"))


@pytest.mark.parametrize("change", [{"is_active": False}, {"credentials_version": 7}])
def test_who_changed_before_the_session_opened_gets_none_and_the_trail_says_so(alice, rf, change):
    """Loaded before the change: the database has the last word."""
    request = rf.post(LOGIN)
    request.session = SessionStore()
    sign_in_flow.begin(request, alice)
    User.objects.filter(pk=alice.pk).update(**change)
    with pytest.raises(CredentialsMoved):
        sign_in_flow.finish(request, alice, login)
    assert not Entry.objects.filter(event=Event.SIGNED_IN).exists()
    assert not Session.objects.filter(user=alice).exists()


def test_whoever_hears_of_a_failure_hears_no_password(client, alice):
    heard = []

    def hear(sender, credentials, request, **_):
        heard.append((credentials, request.path))

    user_login_failed.connect(hear)
    try:
        sign_in(client, "alice", "not my password at all")
    finally:
        user_login_failed.disconnect(hear)
    assert heard == [({"username": "alice", "password": sign_in_flow.HIDDEN}, LOGIN)]
