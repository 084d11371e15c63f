"""Who awaits the deletion of their account, and has lost their second step: nothing is erased before
the way back is over."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from accounts.flows import erasing
from accounts.flows.erasing import Outcome
from accounts.models import ChangeSet, User
from mfa.models import RecoveryRequest
from tests.support import cast, recovering, second_steps, undoing
from tests.support.limiting import save
from tests.support.race import race
from tests.support.recovering import APP, LOGIN, STEP
from tests.support.visitor import Visitor

AWAITING, DELETE = "/accounts/inactive/", "/accounts/delete/"


@pytest.fixture
def alice(db: None) -> User:
    return recovering.lost("alice")


def by_a_code(code: str) -> Visitor:
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    browser.post(STEP, {"method": "app", "code": code})
    return browser


def delete(user: User) -> None:
    """Whoever has her app asks for it."""
    by_a_code(second_steps.as_if_later(user)).post(DELETE, {"sure": "on"})
    user.refresh_from_db()
    assert user.deletion_due_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("days", [7, 30])
def test_a_way_back_that_is_longer_than_the_deletion_ends_before_it(alice, clock, days):
    if days > 7:
        User.objects.filter(pk=alice.pk).update(recovery_days=days)
    delete(alice)
    clock.forward(hours=1, seconds=1)
    browser = Visitor()
    recovering.ask(browser)
    clock.forward(days=days, minutes=1)
    assert erasing.erase_due(500) == 0
    clock.forward(days=6, hours=20)  # nearly the end of POLICY_RECOVERY_OPEN_DAYS
    assert recovering.ask(browser) == f"302 {APP}"
    seed = recovering.add_app(browser)
    recovering.shown_codes(browser)
    assert recovering.finish(browser).startswith("302")
    clock.forward(days=6)
    assert erasing.erase_due(500) == 0
    owner = by_a_code(second_steps.code_for(seed))
    assert owner.get("/accounts/")["Location"] == AWAITING
    owner.post(AWAITING)
    alice.refresh_from_db()
    assert alice.deletion_due_at is None


@pytest.mark.django_db
def test_a_way_back_that_nobody_goes_on_only_delays_it(alice, clock):
    delete(alice)
    clock.forward(hours=1, seconds=1)
    recovering.ask(Visitor())
    row = recovering.request_of(alice)
    alice.refresh_from_db()
    assert alice.deletion_due_at is not None
    assert (alice.deletion_due_at - row.ends_at).days == 7
    clock.forward(days=22)
    assert erasing.erase_due(500) == 1


@pytest.mark.django_db
def test_the_letter_of_the_deletion_stops_it_for_as_long(alice, clock):
    undoing.long_here(alice)
    delete(alice)
    clock.forward(hours=1, seconds=1)
    recovering.ask(Visitor())
    clock.forward(days=20)
    undoing.open_and_stop(undoing.link_to("alice@example.org", "deletion"))
    alice.refresh_from_db()
    assert alice.deletion_due_at is None and alice.held_since is not None


@pytest.mark.django_db
def test_a_wait_that_is_over_sooner_moves_no_day(alice, clock, settings):
    settings.POLICY_DELETION_DAYS = 30
    delete(alice)
    before = alice.deletion_due_at
    clock.forward(hours=1, seconds=1)
    recovering.ask(Visitor())
    alice.refresh_from_db()
    assert alice.deletion_due_at == before


@pytest.mark.django_db
def test_whoever_awaits_no_deletion_is_given_none_and_no_longer_undo(alice, clock):
    save(by_a_code(second_steps.as_if_later(alice)), recovery_days="14")
    before = ChangeSet.objects.get().expires_at
    recovering.ask(Visitor())
    alice.refresh_from_db()
    assert alice.deletion_due_at is None and ChangeSet.objects.get().expires_at == before
    assert RecoveryRequest.objects.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_begun_or_erased_and_never_erased_under_way(db):
    for number in range(4):
        person = recovering.lost(f"person{number}")
        browser = Visitor(REMOTE_ADDR=f"203.0.113.{number + 1}")
        address = f"{person.username}@example.org"
        recovering.prove(browser, person.username)
        code = recovering.mailed_code(address)
        User.objects.filter(pk=person.pk).update(deletion_due_at=timezone.now())
        begin = partial(browser.post, recovering.CODE, {"code": code})
        acts = [begin, partial(erasing.erase, person.pk)]
        _answer, outcome = race(lambda n, acts=acts: acts[n](), 2)
        waits = RecoveryRequest.objects.filter(user_id=person.pk, state="waiting").exists()
        there = User.objects.filter(pk=person.pk).exists()
        assert (outcome is Outcome.ERASED) == (not there)
        assert not (waits and not there)
        if there:
            assert waits and User.objects.get(pk=person.pk).deletion_due_at > timezone.now()
