"""A refused try costs the site little: whoever floods it is to gain nothing by being refused."""

from __future__ import annotations

import pytest

from tests.accounts.test_lockout import guess
from tests.support import cast
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def test_a_refused_sign_in_draws_the_page_of_the_limit_and_no_other(client, alice, still_clock):
    while (answer := guess(client)).status_code == 200:
        assert "account/login.html" in {each.name for each in answer.templates}
    refused = guess(client, password=cast.PASSWORD)
    assert refused.status_code == 429 and "Wait a little before trying again" in text_of(refused)
    drawn = {each.name for each in refused.templates}
    assert "errors/429.html" in drawn and "account/login.html" not in drawn
