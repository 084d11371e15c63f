"""What pages say when something is missing, and which pages are not there to be typed."""

from __future__ import annotations

import pytest

from tests.support import cast
from tests.support.pages import errors_of

pytestmark = pytest.mark.django_db


def test_an_empty_sign_up_asks_for_what_is_missing(client):
    answer = client.post("/accounts/signup/", {"name": "", "email": "", "password1": ""})
    assert errors_of(answer).split("problem ")[1] == "Enter your email address Enter a password "


def test_each_empty_field_of_a_new_password_asks_for_its_own(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    answer = client.post("/accounts/password/change/", {})
    assert errors_of(answer).split("problem ")[1] == (
        "Enter your current password Enter a new password Enter the new password a second time "
    )


def test_nobody_reads_that_an_account_is_off_by_typing_the_address(client):
    answer = client.get("/accounts/inactive/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
