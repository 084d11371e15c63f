"""Fixtures every test may ask for. Who is who: tests/support/cast.py.

`client` is a Visitor (https, Firefox on Linux, own cookies); `another_browser()` makes one more.
`alice` and `bob` hold accounts, `ada` runs the site; all sign in with `cast.PASSWORD`.
`clock.forward(minutes=31)` moves time. Browser tests ask for `site` and `page`
(tests/support/browser.py) and carry `pytest.mark.browser`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.networks import snapshot
from accounts.networks.book import Book
from audit import keys
from tests.support import cast, costs
from tests.support.clock import Clock
from tests.support.mailbox import Mailbox
from tests.support.trail import let_tests_empty_the_trail
from tests.support.visitor import Visitor

let_tests_empty_the_trail()
pytest_plugins = ["tests.support.browser"]


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage again and again took a seventh of
    all time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@pytest.fixture(autouse=True)
def no_network_rules() -> Iterator[None]:
    """As in a process that has just read that there are none: no test meets another's rules, and
    one without a database needs none for them."""
    snapshot.assume(Book(), seconds=3600)
    yield
    snapshot.assume(Book(), seconds=3600)


@pytest.fixture
def client() -> Visitor:
    return Visitor()


@pytest.fixture
def another_browser() -> Callable[[], Visitor]:
    return Visitor


@pytest.fixture
def alice(db: None) -> User:
    return cast.person("alice", name="Alice Adams")


@pytest.fixture
def bob(db: None) -> User:
    return cast.person("bob", name="Bob Brown")


@pytest.fixture
def ada(db: None) -> User:
    return cast.administrator("ada", name="Ada Archer")


@pytest.fixture
def still_clock() -> Iterator[Clock]:
    """A clock that moves only when it is told to: for what a second decides."""
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture(autouse=True)
def no_keys_met() -> None:
    """A process remembers keys of the trail that it met; in the next test's database they are none."""
    keys.known.keys.clear()


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield Clock(traveller)


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return Mailbox()


@pytest.fixture
def real_hashes(settings: Any) -> None:
    """Hashes that take the memory of production's: in tests they cost next to nothing."""
    settings.POLICY_ARGON2_MEMORY_KIB = settings.PRODUCTION_ARGON2_MEMORY_KIB


@pytest.fixture
def statements_of() -> Callable[[], AbstractContextManager[costs.Statements]]:
    return costs.statements


@pytest.fixture
def hashes_of() -> Callable[[], AbstractContextManager[costs.Hashes]]:
    return costs.hashes
