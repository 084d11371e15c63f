"""What the page that secures an account says of what a stranger may have left behind."""

from __future__ import annotations

import pytest

from accounts.models.phone import row_of
from tests.support import cast
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


def test_a_number_that_somebody_else_added_is_seen_there(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert "Phone number None" in text_of(client.get("/accounts/rescue/"))
    row_of(alice.pk, "+447700900123").save(force_insert=True)
    assert "Phone number 1" in text_of(client.get("/accounts/rescue/"))


def test_a_strangers_newer_sign_in_shows_on_the_overview_of_the_owners_session(alice, clock):
    owner, stranger = Visitor(), Visitor(headers={"user-agent": "curl/8.5.0"})
    for browser in (owner, stranger):
        browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
        clock.forward(minutes=1)
    assert "curl" in text_of(owner.get("/accounts/"))
    assert "Firefox on Linux" in text_of(stranger.get("/accounts/"))
    assert "curl" not in text_of(stranger.get("/accounts/"))
