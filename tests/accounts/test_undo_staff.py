"""Staff and operators open an account in which a change was stopped: with a reason, and told."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command

from accounts.models import ChangeSet
from audit.models import Entry
from tests.support import cast, undoing
from tests.support.pages import text_of
from tests.support.undoing import at_home, link_to, open_and_stop, sign_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
OLD, STOLEN = "alice@example.org", "mallory@example.org"


@pytest.fixture
def held(alice):
    at_home(alice)
    undoing.take_over_the_address(sign_in("alice"), STOLEN)
    open_and_stop(link_to(OLD, "address_changed"))
    alice.refresh_from_db()
    assert alice.held_since
    return alice


@pytest.fixture
def desk(ada) -> Visitor:
    return sign_in("ada")


def page(user) -> str:
    return f"/admin/accounts/user/{user.pk}/lift-hold/"


def test_the_desk_shows_it_and_opens_it_with_a_reason(held, desk, mailbox):
    shown = text_of(desk.get(f"/admin/accounts/user/{held.pk}/change/"))
    assert "Open the account" in shown
    assert "alice" in text_of(desk.get("/admin/accounts/user/?stopped=1"))
    assert "Change stopped" in text_of(desk.get("/admin/accounts/user/"))
    assert "stopped by the link" in text_of(desk.get(page(held)))
    assert desk.post(page(held), {"reason": ""}).status_code == 200
    held.refresh_from_db()
    assert held.held_since
    EmailAddress.objects.filter(email=OLD).delete()
    desk.post(page(held), {"reason": "seen with a passport"})
    held.refresh_from_db()
    assert held.held_since is None and held.email == STOLEN
    row = Entry.objects.get(event="staff.hold_lifted")
    assert row.facts["reason"] == "seen with a passport" and row.subject_id == held.subject_id
    for address in (OLD, STOLEN):  # also where the stranger took the owner's address away
        assert "seen with a passport" in mailbox.latest(address).text
    assert not ChangeSet.objects.filter(closed_at=None).exclude(stopped_at=None).exists()
    assert sign_in("alice").get("/accounts/").status_code == 200


def test_nobody_lifts_their_own_or_without_the_right(held, alice):
    sue = cast.person("sue", is_staff=True)
    assert sign_in("sue").post(page(held), {"reason": "because"}).status_code == 403
    ada = cast.administrator("ada")
    browser = sign_in("ada")
    type(ada).objects.filter(pk=ada.pk).update(held_since=held.held_since)
    assert browser.post(page(ada), {"reason": "because"}).status_code == 403
    held.refresh_from_db()
    assert held.held_since and sue.pk


def test_where_nothing_is_stopped_nothing_is_opened(alice, desk):
    assert "No change to this account is stopped." in text_of(desk.get(page(alice)))
    desk.post(page(alice), {"reason": "because"})
    assert not Entry.objects.filter(event="staff.hold_lifted").exists()


def run(*argv: str) -> dict:
    out = StringIO()
    call_command("auth_user", "lift-hold", OLD, *argv, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def test_an_operator_opens_it_too(held):
    assert run("--reason", "ticket 4411", "--dry-run")["done"] is False
    held.refresh_from_db()
    assert held.held_since
    assert run("--reason", "ticket 4411", "--yes")["done"] is True
    held.refresh_from_db()
    assert held.held_since is None
    assert run("--reason", "ticket 4411", "--yes")["done"] is False
