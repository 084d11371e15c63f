"""A right password that strangers know is changed before anybody goes on."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import breaches, cast
from tests.support.pages import errors_of, text_of
from tests.support.required_password import (
    LOGIN,
    NEW,
    OVERVIEW,
    PAGE,
    choose,
    events,
    is_signed_in,
    sign_in,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


# --- The road -------------------------------------------------------------------------------------


def test_a_breached_password_opens_the_page_and_not_the_account(client, alice, breach):
    answer = sign_in(client, next="/accounts/profile/")
    assert answer["Location"] == PAGE
    page = client.get(PAGE)
    assert (
        "Your password is known from a data breach elsewhere, so it must be changed before you go on."
        in text_of(page)
    )
    assert 'autocomplete="new-password"' in page.content.decode()
    assert "oldpassword" not in page.content.decode()
    assert not is_signed_in(client)
    assert Session.objects.get().user is None
    assert Event.SIGNED_IN not in events() and events()[-1] == Event.PASSWORD_MUST_CHANGE


def test_a_new_password_leads_on_to_where_one_was_going(client, alice, breach, mailbox):
    sign_in(client, next="/accounts/profile/")
    answer = choose(client)
    assert answer["Location"] == "/accounts/profile/"
    assert "Your password is changed." in text_of(client.get("/accounts/profile/"))
    alice.refresh_from_db()
    assert alice.check_password(NEW) and alice.credentials_version == 2
    assert mailbox.kinds(alice.email) == ["password_changed"]
    assert events()[-2:] == [Event.PASSWORD_CHANGED, Event.SIGNED_IN]
    assert Entry.objects.get(event=Event.PASSWORD_CHANGED).facts["required"] == "breached"
    assert sign_in(Visitor(), NEW)["Location"] == OVERVIEW


def test_other_sessions_end(client, another_browser, alice, settings, tmp_path):
    laptop = another_browser()
    sign_in(laptop)
    breaches.breach(settings, tmp_path, cast.PASSWORD)
    assert is_signed_in(laptop)  # the set counts at the next sign-in
    sign_in(client)
    choose(client)
    assert is_signed_in(client) and not is_signed_in(laptop)


def test_a_password_that_nobody_knows_leads_straight_in(client, alice, breach):
    User.objects.filter(pk=alice.pk).update(password=make_password(NEW))
    assert sign_in(client, NEW)["Location"] == OVERVIEW
    assert client.get(PAGE)["Location"] == OVERVIEW  # nothing to do there


def test_a_wrong_password_is_answered_as_ever(client, another_browser, alice, breach):
    """Whether a guess is in the set is no business of whoever guesses."""
    answer = sign_in(client, "twelve rusty weathercocks")
    assert "is not right" in errors_of(answer)
    assert not Session.objects.exists()


def test_the_common_lists_count_at_sign_in_and_length_and_names_do_not(client, alice):
    for password, where in (
        ("stairwaytoheaven", PAGE),
        ("Stairway To Heaven", PAGE),
        ("kettle!", OVERVIEW),
        ("alice@example.org", OVERVIEW),
    ):
        User.objects.filter(pk=alice.pk).update(password=make_password(password))
        browser = Visitor()
        assert sign_in(browser, password)["Location"] == where, password
    User.objects.filter(pk=alice.pk).update(password=make_password("stairwaytoheaven"))
    sign_in(client, "stairwaytoheaven")
    assert "Your password is widely used and easy to guess" in text_of(client.get(PAGE))


def test_it_costs_no_second_hash_and_few_statements(
    client, alice, breach, hashes_of, statements_of
):
    client.get(LOGIN)
    with hashes_of() as hashes, statements_of() as statements:
        sign_in(client)
    assert hashes.made == 1
    assert statements.count <= 16, statements.sql
    User.objects.filter(pk=alice.pk).update(password=make_password(NEW))
    other = Visitor()
    with hashes_of() as hashes, statements_of() as statements:
        assert sign_in(other, NEW)["Location"] == OVERVIEW
    assert hashes.made == 1
    # On a device that is not known: who is told of it, and a letter of two rows.
    assert statements.count <= 19, statements.sql


def test_a_password_changed_since_the_breach_was_loaded_is_not_asked_twice(client, alice, breach):
    sign_in(client)
    choose(client)
    assert sign_in(Visitor(), NEW)["Location"] == OVERVIEW


# --- What may be chosen ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "second", "sentence"),
    [
        ("short", None, "Use at least 15 characters. You have used 5."),
        (NEW, "another of fifteen", "The two passwords do not match."),
        (
            "twelve rusty weathercocks",
            None,
            "This password is known from a data breach elsewhere. Choose a different one.",
        ),
        ("alice-adams-2024", None, "Do not use your email address or the name of this site."),
        ("a\0kettle of quiet violets", None, "has a character in it that cannot be used"),
        ("x" * 70_000, None, "Must be 128 characters or fewer"),
    ],
)
def test_the_policy_holds_here_and_the_page_stays(client, alice, breach, new, second, sentence):
    sign_in(client)
    assert sentence in errors_of(choose(client, new, second))
    assert not is_signed_in(client)
    assert choose(client)["Location"] == OVERVIEW


def test_the_same_one_again_is_no_change(client, alice):
    User.objects.filter(pk=alice.pk).update(password_must_change=timezone.now())
    sign_in(client)
    refused = choose(client, cast.PASSWORD)
    assert "This is your current password. Choose a different one." in errors_of(refused)


def test_a_form_without_its_token_is_not_taken(alice, breach):
    strict = Visitor()
    sign_in(strict)
    strict.handler.enforce_csrf_checks = True
    assert choose(strict).status_code == 403
    assert User.objects.get().check_password(cast.PASSWORD)
