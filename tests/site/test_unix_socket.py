"""Visitors without a network address: what a site behind a unix socket makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.lockout.buckets import NOWHERE, network
from accounts.models import PendingSignup, Session, User
from tests.support import cast
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture
def nameless() -> Visitor:
    """As gunicorn tells of a peer on a unix socket."""
    return Visitor(REMOTE_ADDR="")


@pytest.mark.parametrize(
    ("trusted", "header", "believed"),
    [
        ([], "198.51.100.7", ""),
        (["1"], "198.51.100.7", "198.51.100.7"),
        (["1"], "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        (["2"], "1.2.3.4, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (["1", "10.0.0.0/8"], "1.2.3.4, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (["127.0.0.1/32", "10.0.0.0/8"], "198.51.100.7", ""),
        (["0"], "198.51.100.7", ""),
        (["1"], "", ""),
        (["1"], "garbage", ""),
        (["1"], "unix:", ""),
        (["2"], "1.2.3.4, garbage", ""),
        (["1"], "fe80::1%eth0", "fe80::1"),
    ],
)
def test_the_forwarded_address_is_believed_only_where_a_count_covers_the_socket(
    nameless: Visitor, settings: Any, trusted: list[str], header: str, believed: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    answer = nameless.get(LOGIN, headers={"x-forwarded-for": header})
    assert answer.status_code == 200
    assert answer.wsgi_request.client_ip == believed


def test_an_address_that_is_none_is_not_taken_for_a_socket(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["1"]
    odd = Visitor(REMOTE_ADDR="somewhere")
    answer = odd.get(LOGIN, headers={"x-forwarded-for": "198.51.100.7"})
    assert answer.wsgi_request.client_ip == ""


def test_the_whole_road_works_without_an_address(nameless: Visitor, alice: User) -> None:
    signup = {"email": "sam@example.org", "password1": cast.PASSWORD}
    assert nameless.post("/accounts/signup/", signup).status_code == 302
    assert PendingSignup.objects.exists()
    assert nameless.post("/accounts/password/reset/", {"login": "alice"}).status_code == 302
    wrong = {"login": "alice", "password": "wrong password"}
    assert nameless.post(LOGIN, wrong).status_code == 200
    right = {"login": "alice", "password": cast.PASSWORD}
    assert nameless.post(LOGIN, right).status_code == 302
    assert Session.objects.get().client_ip is None
    new = "eleven copper weathercocks"
    fields = {"oldpassword": cast.PASSWORD, "password1": new, "password2": new}
    assert nameless.post("/accounts/password/change/", fields).status_code == 302
    assert nameless.post("/accounts/logout/").status_code == 302


def test_all_without_an_address_are_one_network_with_limits(
    nameless: Visitor, alice: User, settings: Any
) -> None:
    assert network("") == NOWHERE
    wrong = {"login": "alice", "password": "wrong password"}
    answers = [nameless.post(LOGIN, wrong).status_code for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert nameless.post(LOGIN, wrong).status_code == 429
    assert set(answers) <= {200, 429}
