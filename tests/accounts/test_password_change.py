"""A new password for somebody who is signed in."""

from __future__ import annotations

import pytest

from accounts.models import Session, User
from tests.support import cast
from tests.support.pages import errors_of, text_of

pytestmark = pytest.mark.django_db

WELL_KNOWN = "/.well-known/change-password"
CHANGE = "/accounts/password/change/"
NEW = "eleven copper weathercocks"


def sign_in(browser, password=cast.PASSWORD):
    return browser.post("/accounts/login/", {"login": "alice", "password": password})


def change(browser, old=cast.PASSWORD, new=NEW, **extra):
    data = {"oldpassword": old, "password1": new, "password2": new, "end_others": "on"} | extra
    return browser.post(CHANGE, data)


def test_it_ends_the_others_and_keeps_this_one_under_a_new_key(
    client, another_browser, alice, mailbox
):
    laptop = another_browser()
    sign_in(client), sign_in(laptop)
    key = client.cookies["__Host-session"].value
    page = change(client)
    assert page["Location"] == CHANGE
    assert "Other devices were signed out." in text_of(client.get(CHANGE))
    assert client.cookies["__Host-session"].value != key
    assert laptop.get("/accounts/").status_code == 302
    assert mailbox.kinds(alice.email) == ["password_changed"]
    alice.refresh_from_db()
    assert alice.check_password(NEW) and alice.credentials_version == 2
    assert sign_in(another_browser(), NEW).status_code == 302


def test_other_devices_may_be_kept(client, another_browser, alice):
    laptop = another_browser()
    sign_in(client), sign_in(laptop)
    change(client, end_others="")
    assert laptop.get("/accounts/").status_code == client.get("/accounts/").status_code == 200


def test_the_current_password_is_asked_for_and_counted(client, another_browser, alice, settings):
    settings.POLICY_FREE_FAILURES = 1000  # the pause between guesses: test_lockout_pauses.py
    sign_in(client)
    del client.cookies["__Host-device"]  # as whoever took the session alone
    wrong = change(client, old="not my password at all")
    assert "The current password is not right." in errors_of(wrong)
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK - 1):
        change(client, old="not my password at all")
    assert change(client).status_code == 429
    assert sign_in(another_browser()).status_code == 429  # one bucket for every guess
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)


def test_a_refused_form_costs_no_try_and_no_hash(client, alice, settings):
    sign_in(client)
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK + 1):
        errors_of(change(client, old="not my password at all", new="short"))
    assert change(client).status_code == 302


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("short", "Use at least 15 characters. You have used 5."),
        ("alice@example.org2", "Do not use your email address or the name of this site."),
        ("northgate northgate", "Do not use your email address or the name of this site."),
    ],
)
def test_the_policy_holds_here_too(client, alice, new, sentence):
    sign_in(client)
    assert sentence in errors_of(change(client, new=new))


def test_a_session_ended_meanwhile_changes_nothing(client, alice, rf):
    """What is in flight when a session ends may finish reading, and no more."""
    from accounts.errors import SessionEnded
    from accounts.flows import passwords

    sign_in(client)
    request = client.get(CHANGE).wsgi_request
    assert request.user == alice
    Session.objects.all().delete()
    with pytest.raises(SessionEnded):
        passwords.change(request, request.user, NEW, end_others=True)
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)


def test_of_two_changes_from_one_state_one_wins(client, alice):
    from accounts.errors import CredentialsMoved
    from accounts.flows import passwords

    sign_in(client)
    first, second = (client.get(CHANGE).wsgi_request for _ in range(2))
    assert first.user == second.user
    passwords.change(first, first.user, NEW, end_others=False)
    with pytest.raises((CredentialsMoved, Exception)) as refused:
        passwords.change(second, second.user, "another one of fifteen", end_others=False)
    assert type(refused.value).__name__ in ("CredentialsMoved", "SessionEnded")
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_an_older_hash_is_no_obstacle(client, alice):
    from django.contrib.auth.hashers import make_password

    sign_in(client)
    old = make_password(cast.PASSWORD, hasher="pbkdf2_sha256")
    User.objects.filter(pk=alice.pk).update(password=old)
    assert change(client)["Location"] == CHANGE
    assert User.objects.get(pk=alice.pk).check_password(NEW)


def test_a_dead_session_stays_dead_when_others_are_kept(client, another_browser, alice):
    """A session of an older version must not ride along to the new one."""
    mallory = another_browser()
    sign_in(mallory)
    User.objects.filter(pk=alice.pk).update(credentials_version=7)
    assert mallory.get("/accounts/").status_code == 302
    sign_in(client)
    change(client, end_others="")
    assert client.get("/accounts/").status_code == 200
    assert mallory.get("/accounts/").status_code == 302


def test_set_password_leads_to_the_same_page(client, alice):
    sign_in(client)
    assert client.get("/accounts/password/set/")["Location"] == CHANGE


def test_somebody_without_a_password_is_sent_to_the_letter(client):
    carol = cast.person("carol", password=None)
    client.force_login(carol)
    assert client.get(CHANGE)["Location"] == "/accounts/password/reset/"
    assert client.post(CHANGE, {"password1": NEW, "password2": NEW}).status_code == 302
    carol.refresh_from_db()
    assert not carol.has_usable_password()


def test_managers_find_where_a_password_is_changed(client):
    for found in (client.get(WELL_KNOWN), client.head(WELL_KNOWN)):
        assert found.status_code == 302 and found["Location"] == "/accounts/password/change/"
