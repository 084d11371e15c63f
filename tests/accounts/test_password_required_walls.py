"""Nobody gets round the page on which a new password is required."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.errors import CredentialsMoved
from accounts.flows import must_change
from accounts.models import Session, User
from tests.support import breaches, cast
from tests.support.pages import text_of
from tests.support.required_password import (
    LOGIN,
    NEW,
    OVERVIEW,
    PAGE,
    choose,
    sign_in,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


def paths(resolver=None, prefix="/") -> list[str]:
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        part = prefix + str(entry.pattern).lstrip("^").rstrip("$")
        if isinstance(entry, URLResolver):
            found += paths(entry, part)
        elif isinstance(entry, URLPattern) and "<" not in part and "(" not in part:
            found.append(part)
    return found


def test_every_page_treats_a_sign_in_under_way_as_nobody(alice, ada, breach):
    """Each address of the site answers somebody who waits as it answers a stranger, or sends them
    to the page they owe."""
    assert len(paths()) > 20
    for path in paths():
        waiting, stranger = Visitor(), Visitor()
        waiting.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})
        answer, usual = waiting.get(path), stranger.get(path)
        if answer.headers.get("Location") == PAGE or path == PAGE:
            continue
        assert answer.status_code == usual.status_code, path
        assert answer.headers.get("Location") == usual.headers.get("Location"), path
        assert "ada@example.org" not in answer.content.decode(), path
        for row in Session.objects.all():
            assert row.user is None, path


def test_the_sign_in_page_leads_back_and_cancel_leads_out(client, alice, breach):
    sign_in(client)
    assert client.get(LOGIN)["Location"] == PAGE
    assert client.post(PAGE, {"cancel": "1"})["Location"] == LOGIN
    assert client.get(LOGIN).status_code == 200
    assert client.get(PAGE)["Location"] == LOGIN
    assert choose(client)["Location"] == LOGIN
    assert User.objects.get().check_password(cast.PASSWORD)


def test_it_ends_after_ten_minutes(client, alice, breach, clock):
    sign_in(client)
    clock.forward(minutes=9, seconds=50)
    assert client.get(PAGE).status_code == 200
    clock.forward(seconds=20)
    assert client.get(LOGIN).status_code == 200  # no way back to it either
    assert choose(client)["Location"] == LOGIN
    assert "Sign in again." in text_of(client.get(LOGIN))
    assert User.objects.get().check_password(cast.PASSWORD)


def test_it_ends_when_the_credentials_move(client, alice, breach):
    """The owner was quicker, by letter, from elsewhere."""
    sign_in(client)
    User.objects.filter(pk=alice.pk).update(credentials_version=9)
    assert choose(client)["Location"] == LOGIN
    assert client.get(PAGE)["Location"] == LOGIN
    assert User.objects.get().check_password(cast.PASSWORD)


def test_it_ends_when_the_person_is_switched_off_or_gone(client, another_browser, alice, breach):
    other = another_browser()
    sign_in(client), sign_in(other)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert choose(client)["Location"] == LOGIN
    alice.delete()
    assert choose(other)["Location"] == LOGIN


def test_the_flow_checks_for_itself(client, alice, breach):
    """Whatever the page saw, what moved since is seen by the flow."""
    from allauth.account.models import Login

    sign_in(client)
    request = client.get(PAGE).wsgi_request
    login = Login(user=User.objects.get())
    User.objects.update(credentials_version=9)
    with pytest.raises(CredentialsMoved):
        must_change.choose(request, login, NEW)
    with pytest.raises(CredentialsMoved):
        must_change.choose(request, Login(user=User.objects.get()), NEW)
    assert User.objects.get().check_password(cast.PASSWORD)


def test_the_page_waits_under_a_key_that_nobody_knew(client, alice, breach):
    """Somebody may have given the browser a session of theirs before."""
    client.post("/accounts/password/reset/", {"login": "someone@example.org"})
    known = client.cookies["__Host-session"].value
    sign_in(client)
    mallory = Visitor()
    mallory.cookies["__Host-session"] = known
    assert mallory.get(PAGE)["Location"] == LOGIN
    assert choose(client)["Location"] == OVERVIEW


class Asks:
    """A stage of a higher room that is not passed yet."""

    def __new__(cls, controller, request, login):
        from allauth.account.stages import LoginStage

        class Stage(LoginStage):
            key = "asks"
            urlname = "home"

            def handle(self):
                return HttpResponse("second step"), True

        return Stage(controller, request, login)


def test_the_other_stages_come_first(client, alice, breach, settings):
    """A breached password in a stranger's hands must not be enough to choose the next one."""
    settings.LOGIN_STAGES = [f"{__name__}.Asks"]
    assert sign_in(client).content == b"second step"
    assert client.get(PAGE)["Location"] == LOGIN
    assert choose(client)["Location"] == LOGIN
    assert User.objects.get().check_password(cast.PASSWORD)


def test_nothing_of_the_password_is_kept(client, alice, breach):
    sign_in(client)
    kept = str(dict(client.session.items()))
    assert "breached" in kept
    assert cast.PASSWORD not in kept and alice.password not in kept
    for form in (breaches.lines_of([cast.PASSWORD])[0][:10],):
        assert form not in kept and form.lower() not in kept
