"""What the worker tidies up, and what it leaves alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import housekeeping
from accounts.flows import proofs
from accounts.models import Confirmation, JobRun, OutgoingMail, PendingSignup, Session, Tally
from accounts.outbox import delivery, letters
from accounts.outbox.worker import Worker
from audit import trail
from audit.events import Event
from audit.models import DailyGauge
from tests.support import upper_room
from tests.support.trail import request_from

LOG: list[str] = []


def full_batch(batch: int) -> int:
    LOG.append("full")
    return batch


def nothing_to_do(batch: int) -> int:
    LOG.append("nothing")
    return 0


def broken(batch: int) -> int:
    raise RuntimeError("sam@example.org")


@pytest.fixture(autouse=True)
def clean_log() -> None:
    LOG.clear()


def rota(*names: str) -> housekeeping.Rota:
    """A rota whose first moment has come."""
    made = housekeeping.Rota([f"{__name__}.{name}" for name in names])
    made.begin_at(0)
    return made


def test_every_job_exists_and_takes_a_batch(db):
    for name in housekeeping.PERIODIC:
        assert import_string(name)(1) == 0


@pytest.mark.parametrize("model", [Session, Tally])
def test_nothing_hangs_on_rows_that_are_deleted_without_being_fetched(model):
    """As axes' attempts, of which tests/contracts/test_axes.py says so."""
    assert model._meta.related_objects == ()


def test_jobs_take_turns_and_rest(db):
    mine = rota("nothing_to_do")
    mine.step()
    mine.step()
    assert LOG == ["nothing"]


def test_a_job_that_filled_its_batch_goes_on_at_its_next_turn(db):
    mine = rota("full_batch", "nothing_to_do")
    for _ in range(4):
        mine.step()
    assert sorted(LOG) == ["full", "full", "full", "nothing"]


@pytest.mark.parametrize("bad", ["broken", "no_such_job"])
def test_a_job_that_fails_is_named_and_holds_up_no_other(db, bad, caplog):
    mine = rota(bad, "nothing_to_do")
    mine.step()
    mine.step()
    assert LOG == ["nothing"]
    assert f"Housekeeping failed: {__name__}.{bad}" in caplog.text
    assert "sam@" not in caplog.text


def test_a_fresh_worker_waits_a_little_so_that_several_do_not_march_in_step():
    housekeeping.Rota([f"{__name__}.nothing_to_do"]).step()
    housekeeping.Rota([]).step()
    assert not LOG


def test_a_fresh_worker_samples_at_its_first_step(db):
    assert set(housekeeping.AT_ONCE) <= set(housekeeping.PERIODIC)
    fresh = Worker(threading.Event()).rota
    fresh.step()
    assert DailyGauge.objects.filter(name="people").exists()
    assert list(JobRun.objects.values_list("name", flat=True)) == housekeeping.AT_ONCE


def test_the_worker_keeps_house_for_higher_rooms_too(db, settings):
    """By name, after our own, however the one before it fails; each once in its time."""
    upper_room.tidied.clear()
    settings.HOUSEKEEPING = [upper_room.TIDY_AND_FAIL, upper_room.TIDY]
    mine = Worker(threading.Event()).rota
    assert mine.jobs == [*housekeeping.PERIODIC, upper_room.TIDY_AND_FAIL, upper_room.TIDY]
    mine.begin_at(0)
    for _ in range(2 * len(mine.jobs)):
        mine.step()
    assert upper_room.tidied == [housekeeping.BATCH]


def test_sessions_go_when_they_have_ended(db):
    now = timezone.now()
    Session.objects.create(key="over", data="", expires_at=now - timedelta(seconds=1))
    Session.objects.create(key="live", data="", expires_at=now + timedelta(minutes=1))
    assert housekeeping.purge_sessions(500) == 1
    assert Session.objects.get().key == "live"


def test_tallies_go_when_no_window_reaches_back_to_them(db, clock):
    Tally.objects.create(budget="b", subject="s", count=1, started_at=timezone.now())
    clock.forward(hours=25)
    assert housekeeping.purge_tallies(500) == 0
    clock.forward(hours=24)
    assert housekeeping.purge_tallies(500) == 1


def test_what_failed_in_a_row_is_never_forgotten_by_time(db, clock):
    """Strangers who wait would have all their guesses anew."""
    for budget in ("strangers", "known_devices"):
        Tally.objects.create(budget=budget, subject="s", count=49, started_at=timezone.now())
    Tally.objects.create(budget="strangers", subject="t", count=0, started_at=timezone.now())
    clock.forward(days=100)
    assert housekeeping.purge_tallies(500) == 1
    assert set(Tally.objects.values_list("count", flat=True)) == {49}


def test_failed_tries_go_with_the_pause_they_caused(db, clock, settings):
    AccessAttempt.objects.create(username="u", ip_address="192.0.2.1", failures_since_start=9)
    clock.forward(minutes=settings.POLICY_FAILURE_WINDOW_MINUTES, seconds=-5)
    assert housekeeping.purge_attempts(500) == 0
    clock.forward(seconds=6)
    assert housekeeping.purge_attempts(500) == 1


def test_addresses_in_the_trail_go_when_the_last_of_their_month_is_old_enough(db, settings):
    settings.POLICY_ADDRESS_DAYS = 90

    def on(day: str):
        return time_machine.travel(f"{day}T12:00:00Z", tick=False)

    with on("2026-03-01"):
        trail.record(Event.SIGNED_IN, subject="alice", request=request_from())
    with on("2026-06-29"):
        assert housekeeping.forget_addresses(500) == 0
        assert trail.entries_of("alice")[0].address == "203.0.113.7"
        trail.record(Event.SIGNED_OUT, subject="alice", request=request_from())
    with on("2026-06-30"):
        assert housekeeping.forget_addresses(500) == 1
        assert housekeeping.forget_addresses(500) == 0
        newer, older = trail.entries_of("alice")
        assert (newer.address, older.address) == ("203.0.113.7", "")
        assert older.network == "203.0.113.0/24" and older.readable


def test_pending_signups_and_proofs_go_when_they_have_run_out(db, clock):
    now = timezone.now()
    pending = PendingSignup.objects.create(
        email="sam@example.org", language="en", password="!", expires_at=now + timedelta(days=3)
    )
    proofs.keep(proofs.new_proof(), email=pending.email, signup=pending)
    clock.forward(days=2, hours=23)
    proofs.purge(500)
    assert PendingSignup.objects.exists()
    clock.forward(hours=2)
    proofs.purge(500)
    assert not PendingSignup.objects.exists()
    assert not Confirmation.objects.exists()


def test_finished_letters_go_after_a_month_and_waiting_ones_never(db, clock):
    for state in OutgoingMail.State:
        row = letters.no_account(to="sam@example.org", language="en").put()
        finished = None if state == OutgoingMail.State.WAITING else timezone.now()
        OutgoingMail.objects.filter(pk=row.pk).update(state=state, finished_at=finished)
    clock.forward(days=29)
    assert delivery.purge() == 1  # what nobody was to get has no month
    assert not OutgoingMail.objects.filter(state=OutgoingMail.State.UNWANTED).exists()
    clock.forward(days=400)
    assert delivery.purge() == 2
    assert OutgoingMail.objects.get().state == OutgoingMail.State.WAITING


def test_batches_are_bounded(db):
    over = timezone.now() - timedelta(days=1)
    Session.objects.bulk_create(
        Session(key=str(number), data="", expires_at=over) for number in range(7)
    )
    assert [housekeeping.purge_sessions(3) for _ in range(4)] == [3, 3, 1, 0]
