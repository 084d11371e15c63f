"""Which proofs count for a sensitive change."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tests.support import cast
from tests.support.visitor import Visitor


@pytest.mark.parametrize(("counting", "goes_on"), [(["password"], True), (["passkey"], False)])
def test_only_the_methods_named_in_the_settings_are_a_fresh_proof(
    client: Visitor, alice: User, settings: Any, counting: list[str], goes_on: bool
) -> None:
    settings.STEP_UP_METHODS = counting
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    fields = {"email": "alice@example.net", "action_add": ""}
    answer = client.post("/accounts/email/", fields)
    assert answer.status_code == 302
    assert ("reauthenticate" not in answer["Location"]) is goes_on
