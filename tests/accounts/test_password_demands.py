"""A new password, demanded by staff or an operator."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import must_change, password_demands
from accounts.models import User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import text_of
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

pytestmark = pytest.mark.django_db


def test_what_staff_demand_ends_sessions_and_is_asked_once(client, another_browser, alice, mailbox):
    sign_in(client)
    alice.refresh_from_db()
    assert password_demands.by_operator(alice, reason="Seen on a list, ticket 7")
    assert not is_signed_in(client)
    assert mailbox.kinds(alice.email) == ["staff_changed"]
    assert events()[-1] == Event.STAFF_PASSWORD_DEMANDED
    laptop = another_browser()
    assert sign_in(laptop)["Location"] == PAGE
    assert "Somebody else may know your password" in text_of(laptop.get(PAGE))
    assert choose(laptop)["Location"] == OVERVIEW
    alice.refresh_from_db()
    assert alice.password_must_change is None
    assert sign_in(another_browser(), NEW)["Location"] == OVERVIEW


def test_a_reset_by_letter_answers_the_demand_too(client, alice, mailbox):
    password_demands.by_operator(alice, reason="Seen on a list")
    client.post("/accounts/password/reset/", {"login": "alice"})
    where = client.get(mailbox.latest().link)["Location"]
    client.post(where, {"password1": NEW, "password2": NEW})
    assert sign_in(client, NEW)["Location"] == OVERVIEW


def test_nothing_is_demanded_of_somebody_without_a_password(db):
    carol = cast.person("carol", password=None)
    assert not password_demands.by_operator(carol, reason="Seen on a list")
    User.objects.update(password_must_change=timezone.now())
    carol.refresh_from_db()
    from allauth.account.models import Login

    assert must_change.cause_of(Login(user=carol)) == ""


def test_a_demand_does_not_overtake_a_change(alice):
    User.objects.update(password=make_password(NEW))
    with pytest.raises(CredentialsMoved):
        password_demands.by_operator(alice, reason="Seen on a list")


def test_djangos_own_way_of_setting_one_answers_the_demand(alice):
    alice.password_must_change = timezone.now()
    alice.set_password(NEW)
    assert alice.password_must_change is None


def command(*arguments: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command("auth_password", "demand", *arguments, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
        code = error.returncode
    return out.getvalue(), code


def test_an_operator_demands_it_by_command(client, alice, mailbox):
    sign_in(client)
    said, code = command("alice@example.org", "--reason", "Ticket 7", "--dry-run")
    assert code == 0 and "Nothing was written." in said and is_signed_in(client)
    said, code = command("ALICE", "--reason", "Ticket 7", "--json")
    assert code == 0 and '"sessions": 1' in said
    assert not is_signed_in(client) and sign_in(client)["Location"] == PAGE
    assert "Ticket 7" in mailbox.latest().text
    cast.person("carol", password=None)
    assert command("nobody", "--reason", "Ticket 7")[1] == 1
    assert command("carol", "--reason", "Ticket 7")[1] == 1


@pytest.mark.parametrize("reason", [" ", " a ", "x" * 401, "x" * 501])
def test_a_command_without_a_fitting_reason_says_so_and_does_nothing(alice, reason):
    said, code = command("alice", "--reason", reason)
    assert code == 2 and "--reason must say why, in 3 to 400 characters." in said
    assert not User.objects.filter(password_must_change__isnull=False).exists()


def test_the_longest_reason_of_all_is_kept_whole(alice):
    assert command("alice", "--reason", "x" * 400)[1] == 0
    assert Entry.objects.get(event=Event.STAFF_PASSWORD_DEMANDED).facts["reason"] == "x" * 400


def test_staff_demand_it_on_a_page_with_a_reason(client, another_browser, alice, ada, mailbox):
    desk = another_browser()
    sign_in(client), desk.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})
    data = {"action": "demand_password", "_selected_action": [alice.pk]}
    page = desk.post("/admin/accounts/user/", data)
    assert page.status_code == 200 and "new password at the next sign-in" in text_of(page)
    assert is_signed_in(client)
    desk.post("/admin/accounts/user/", data | {"reason": "Seen on a list"})
    assert not is_signed_in(client) and sign_in(client)["Location"] == PAGE
    assert (
        Entry.objects.get(event=Event.STAFF_PASSWORD_DEMANDED).facts["reason"] == "Seen on a list"
    )
    assert mailbox.kinds(alice.email) == ["staff_changed"]


def test_staff_without_the_right_demand_nothing(client, alice, ada):
    mallory = cast.person("mallory", is_staff=True)
    client.post(LOGIN, {"login": "mallory", "password": cast.PASSWORD})
    request = client.get(OVERVIEW).wsgi_request
    for person in (alice, ada, mallory):
        with pytest.raises(PermissionDenied):
            password_demands.by_staff(request, person, reason="because")
    assert not User.objects.filter(password_must_change__isnull=False).exists()
