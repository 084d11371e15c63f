"""A question is for one purpose and one person, and is answered once."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.test import RequestFactory

from accounts.models import User
from mfa.flows import ceremonies
from mfa.flows.ceremonies import CeremonyOver
from tests.support import cast, passkey, second_steps
from tests.support.pages import errors_of
from tests.support.passkey import BEGIN_ADD, BEGIN_STEP, STEP_UP, Authenticator
from tests.support.race import race
from tests.support.visitor import Visitor

LATE = "That took too long. Try again."
RACERS = 12


def request_with(session: dict[str, Any]) -> Any:
    request: Any = RequestFactory().post("/")
    request.session = session
    return request


def begun(purpose: Any, user: User | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A session in which a question waits, and what answers it."""
    session: dict[str, Any] = {}
    asked = ceremonies.begin(request_with(session), purpose, user, {"challenge": "c" * 43})
    return session, {"ceremony": asked["ceremony"], "credential": {}}


@pytest.mark.django_db(transaction=True)
def test_however_many_have_loaded_it_one_takes_it():
    """Each with a copy of the session of its own, as requests that race have."""
    session, answer = begun("sign_in", None)
    requests = [request_with(deepcopy(session)) for _ in range(RACERS)]

    def take(number: int) -> str:
        try:
            return ceremonies.take(requests[number], "sign_in", None, answer)
        except CeremonyOver:
            return ""

    assert sorted(race(take, RACERS)) == [""] * (RACERS - 1) + ["c" * 43]


@pytest.mark.django_db
def test_it_is_gone_from_the_session_whatever_comes_of_it(alice):
    for purpose in ("sign_in", "step_up"):
        session, answer = begun("step_up", alice)
        try:
            ceremonies.take(request_with(session), purpose, alice, answer)
        except CeremonyOver:
            assert purpose == "sign_in"
        assert session[ceremonies.OPEN] == {}


@pytest.mark.django_db
def test_it_is_nobody_elses(alice, bob):
    for user, other in ((alice, bob), (alice, None), (None, alice)):
        session, answer = begun("second_step", user)
        with pytest.raises(CeremonyOver):
            ceremonies.take(request_with(session), "second_step", other, answer)


@pytest.mark.django_db
def test_a_clock_that_was_set_back_makes_none_good_for_longer(alice, clock):
    session, answer = begun("step_up", alice)
    clock.forward(seconds=-30)
    with pytest.raises(CeremonyOver):
        ceremonies.take(request_with(session), "step_up", alice, answer)


@pytest.mark.django_db
def test_a_second_step_without_a_check_of_the_person_is_no_fresh_proof(alice, client):
    """Nor is any other question to the same person in the same browser."""
    device = Authenticator()
    passkey.give(alice, device)
    second_steps.give_codes(alice)
    User.objects.filter(pk=alice.pk).update(two_step_on=True)
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    early = passkey.begin(client, BEGIN_STEP)
    passkey.second_step(client, device)
    for asked in (early, passkey.begin(client, BEGIN_ADD)):
        code = passkey.posted(asked, device.get(asked["publicKey"]))
        assert LATE in errors_of(client.post(STEP_UP, {"code": code}))
    assert passkey.step_up(client, device).status_code == 302


@pytest.mark.django_db
def test_whoever_was_asked_nothing_answers_nothing(alice):

    device = Authenticator()
    passkey.give(alice, device)
    browser = Visitor()
    passkey.sign_in(browser, device)
    code = passkey.posted({"ceremony": "made up"}, device.get({"challenge": "c" * 43}))
    assert LATE in errors_of(browser.post(STEP_UP, {"code": code}))
