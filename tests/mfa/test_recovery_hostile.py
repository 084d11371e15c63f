"""What people and programs type into the slow lane: a clear answer, nothing begun, no crash."""

from __future__ import annotations

import pytest

from accounts.models import User
from mfa.models import RecoveryRequest
from tests.mfa.test_recovery_walls import assert_nothing_begun, ready
from tests.support import recovering
from tests.support.race import outcome
from tests.support.recovering import APP, ASK, CODE, FINISH, SAME_ANSWER

pytestmark = pytest.mark.django_db
State = RecoveryRequest.State


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


ODD = ["", " ", "\x00", "\ufffd", "a" * 10_000, "1" * 10_000, "<script>", "٣٤٥", "𝟙𝟚𝟛", "'; --"]


@pytest.mark.parametrize("text", ODD)
def test_nothing_typed_breaks_a_page(client, alice, text):
    for fields in ({"login": text, "password": text}, {"login": "alice", "password": text}, {}):
        assert client.post(ASK, fields).status_code in (200, 302, 429)
    recovering.prove(client)
    assert client.post(CODE, {"code": text}).status_code in (200, 302, 429)
    assert_nothing_begun()


@pytest.mark.parametrize("code", ["bbbb bbbb", "BBBBBBBB", "Ｂ" * 8, "BBBB-BBB", "B" * 9])
def test_codes_in_odd_shapes_are_wrong_or_no_codes(client, alice, code):
    recovering.prove(client)
    assert outcome(client.post(CODE, {"code": code})).startswith(("200 ", SAME_ANSWER))
    assert_nothing_begun()


def test_a_code_is_taken_in_any_case_and_without_its_dash(client, alice):
    recovering.prove(client)
    code = recovering.mailed_code().replace("-", " ").lower()
    assert outcome(client.post(CODE, {"code": code})) == SAME_ANSWER
    assert recovering.request_of(alice).state == State.WAITING


@pytest.mark.parametrize("code", ["+12345", "１２３４５６", "٤٨٢٩١٣", "1" * 10_000, "", "12 34"])
def test_odd_codes_of_an_app_break_nothing(client, alice, clock, code):
    ready(client, clock)
    assert outcome(client.post(APP, {"code": code})).startswith("200 ")
    assert client.post(FINISH, {"saved": "on"}).status_code == 302
