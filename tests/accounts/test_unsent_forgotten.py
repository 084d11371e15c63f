"""What was typed into a form and not sent goes: out of its row after its time, and with its account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import unsent
from accounts.flows import erasing
from accounts.models import Session, User
from accounts.sessions.store import drop_unsent
from accounts.unsent import FIELD
from tests.support import cast, stored
from tests.support.race import race
from tests.support.unsent import LOGIN, PROFILE, TYPED, ends, mark_in, signs_in, value_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def mark(client: Visitor, alice: User) -> str:
    """Of a form that Alice has open."""
    return mark_in(signs_in(client, "alice"))


def lies_there() -> bool:
    return any("Wonderland" in one.text for one in stored.texts())


@pytest.mark.parametrize("came_back", [False, True])
def test_after_its_time_it_goes_out_of_the_row_that_nobody_saves(
    client, alice, mark, clock, came_back
):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    if came_back:
        signs_in(client, "alice")
    assert unsent.purge(10) == 0 and lies_there()
    clock.forward(minutes=10, seconds=1)
    before = Session.objects.count()
    assert unsent.purge(10) == 1
    assert not lies_there() and Session.objects.count() == before
    assert unsent.purge(10) == 0
    if came_back:
        assert client.get(PROFILE).status_code == 200


def test_whoever_is_signing_in_there_goes_on(client, alice, mark, clock):
    """The row has more than that form, and keeps it."""
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    row = Session.objects.get()
    clock.forward(minutes=10, seconds=1)
    unsent.purge(10)
    kept = Session.objects.get()
    assert (kept.key, kept.unsent_of, kept.unsent_until) == (row.key, None, None)
    assert client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD}).status_code == 302


def test_what_is_saved_in_that_moment_stays_as_it_is_saved(client, alice, mark, clock):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    stale = Session.objects.get()
    client.post(PROFILE, TYPED | {"name": "Alice Liddell", FIELD: mark})
    drop_unsent(stale)
    assert value_in(signs_in(client, "alice"), "name") == "Alice Liddell"


def test_a_row_that_does_not_open_is_asked_once(client, alice, mark, clock):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    Session.objects.update(data="no seal")
    clock.forward(minutes=10, seconds=1)
    assert (unsent.purge(10), unsent.purge(10)) == (1, 0)


def test_a_batch_is_a_batch(alice, mark, clock):
    for _ in range(3):
        Visitor().post(PROFILE, TYPED | {FIELD: mark})
    clock.forward(minutes=10, seconds=1)
    assert [unsent.purge(2) for _ in range(3)] == [2, 1, 0]


def test_it_goes_with_the_account_it_is_of(client, alice, bob, mark):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    other = Visitor()
    of_bob = mark_in(signs_in(other, "bob"))
    ends(bob)
    other.post(PROFILE, TYPED | {"name": "Bob of Oz", FIELD: of_bob})
    due = timezone.now() - timedelta(minutes=1)
    User.objects.filter(pk=alice.pk).update(deletion_due_at=due)
    assert erasing.erase(alice.pk) is erasing.Outcome.ERASED
    assert not lies_there() and not Session.objects.filter(unsent_of=alice.pk).exists()
    assert value_in(signs_in(other, "bob"), "name") == "Bob of Oz"


@pytest.mark.django_db(transaction=True)
def test_a_purge_and_a_sign_in_at_once_lose_no_session(client, alice, mark, clock):
    ends(alice)
    client.post(PROFILE, TYPED | {FIELD: mark})
    clock.forward(minutes=10, seconds=1)
    page = {"login": "alice", "password": cast.PASSWORD}
    deeds = [lambda: client.post(LOGIN, page).status_code, lambda: unsent.purge(10)]
    said, _gone = race(lambda number: deeds[number](), 2)
    assert said == 302 and client.get(PROFILE).status_code == 200
    unsent.purge(10)
    assert not lies_there()
