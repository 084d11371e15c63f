"""Daily letters: once a day, to every address, by however many workers."""

from __future__ import annotations

import pytest

from accounts import housekeeping
from accounts.models import User
from mfa.flows import recovery_telling
from mfa.models import RecoveryRequest
from tests.support import recovering
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

ADDRESSES = ("alice@example.org", "alice.spare@example.org")


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


def told(mailbox, to: str) -> int:
    return mailbox.kinds(to).count("recovery_waits")


def test_once_at_once_then_once_a_day_until_it_is_over(alice, mailbox, clock):
    recovering.ask(Visitor())
    assert [told(mailbox, to) for to in ADDRESSES] == [1, 1]
    assert recovering_days(clock, 0) == 0
    for day in range(1, 14):
        assert recovering_days(clock, 1) == 1
        assert recovering_days(clock, 0) == 0
        assert [told(mailbox, to) for to in ADDRESSES] == [day + 1] * 2
    assert "is over" in mailbox.latest(ADDRESSES[0]).text
    assert recovering_days(clock, 1) == 0


def recovering_days(clock, days: int) -> int:
    clock.forward(days=days)
    return recovery_telling.tell(500)


def test_the_letter_says_from_when_until_when_and_how_to_stop(alice, mailbox, clock):
    recovering.ask(Visitor())
    letter = mailbox.latest(ADDRESSES[1])
    row = recovering.request_of(alice)
    for moment in (row.ready_at, row.ends_at):
        assert f"{moment.day} {moment:%B %Y}" in " ".join(letter.text.split())
    assert letter.subject == "A request to remove two-step sign-in at Northgate"
    assert letter.link.startswith("/accounts/mfa/reset/stop/")
    assert letter.html.count("href=") == 1


@pytest.mark.parametrize("state", ["stopped", "finished", "expired"])
def test_nobody_is_told_of_what_is_over(alice, clock, state):
    recovering.ask(Visitor())
    RecoveryRequest.objects.update(state=state, closed_at=clock.forward(days=1))
    assert recovery_telling.tell(500) == 0


def test_nor_of_what_a_change_of_credentials_ended_or_who_is_switched_off(alice, clock):
    recovering.ask(Visitor())
    clock.forward(days=1)
    User.objects.update(is_active=False)
    assert recovery_telling.tell(500) == 0
    User.objects.update(is_active=True, credentials_version=99)
    assert recovery_telling.tell(500) == 0


def test_many_are_told_in_small_batches(db, clock, monkeypatch, mailbox):
    monkeypatch.setattr(recovery_telling, "AT_ONCE", 2)
    for name in ("ann", "ben", "cid"):
        user = recovering.lost(name)
        recovering.ask(Visitor(), name, user.email)
    clock.forward(days=1)
    assert [recovery_telling.tell(500) for _ in range(3)] == [500, 1, 0]
    assert all(told(mailbox, f"{name}@example.org") == 2 for name in ("ann", "ben", "cid"))


def test_the_worker_does_all_of_it():
    rota = housekeeping.Rota()
    for job in ("tell", "expire", "purge"):
        assert f"mfa.flows.recovery_telling.{job}" in rota.jobs


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_writes_the_letters(clock, mailbox):
    recovering.lost("alice")
    recovering.ask(Visitor())
    clock.forward(days=1)
    assert sorted(race(lambda number: recovery_telling.tell(500), 6)) == [0, 0, 0, 0, 0, 1]
    assert [told(mailbox, to) for to in ADDRESSES] == [2, 2]
