"""The new password at the end of an undo."""

from __future__ import annotations

import pytest

from tests.support import cast, undoing
from tests.support.pages import errors_of
from tests.support.undoing import PASSWORD, UNDO, link_to, open_and_stop, put_back, sign_in

pytestmark = pytest.mark.django_db

OLD = "alice@example.org"


def test_the_new_password_keeps_the_policy(intruder, alice):
    browser = open_and_stop(link_to(OLD, "address_changed"))
    browser.post(UNDO, {"proof": cast.PASSWORD})
    assert "Use at least 15 characters" in errors_of(
        browser.post(PASSWORD, {"password1": "short", "password2": "short"})
    )


@pytest.mark.parametrize("typed", [cast.PASSWORD, undoing.THEIRS])
def test_neither_the_password_of_before_nor_that_of_now_is_the_new_one(owners, alice, clock, typed):
    undoing.change_password(sign_in("alice"))
    browser = open_and_stop(link_to(OLD, "password_changed"))
    answer = put_back(browser, new=typed)
    assert "This password was in use before. Choose a different one." in errors_of(answer)
    alice.refresh_from_db()
    assert alice.held_since
    assert put_back(browser)["Location"] == undoing.DONE
