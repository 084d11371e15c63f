"""`carol` has two-step sign-in on: an app and recovery codes (tests/support/second_steps.py)."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.support import cast, second_steps


@pytest.fixture
def carol(db: None) -> User:
    user = cast.person("carol", name="Carol Cole")
    second_steps.give_app(user)
    return user
