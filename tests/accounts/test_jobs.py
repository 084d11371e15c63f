"""When the worker did what last: written by it once a run, read by staff and operators."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import housekeeping, job_status, jobs
from accounts.job_status import State
from accounts.models import JobRun
from accounts.outbox import letters
from accounts.outbox.worker import Chainer, Checker, Worker
from audit import trail
from audit.chain import linking
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.smtp_sink import closed_port
from tests.support.trail import unguarded
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/jobrun/"
PURGE = "accounts.housekeeping.purge_sessions"
BATCHES: list[int] = []


def in_batches(batch: int) -> int:
    return batch if BATCHES.append(batch) or len(BATCHES) < 3 else 2


def broken(batch: int) -> int:
    raise RuntimeError("sam@example.org")


@pytest.fixture(autouse=True)
def no_batches() -> None:
    BATCHES.clear()


def rota(*names: str) -> housekeeping.Rota:
    made = housekeeping.Rota([f"{__name__}.{name}" for name in names])
    made.begin_at(0)
    return made


def state_of(name: str) -> State:
    return next(one.state for one in job_status.statuses() if one.name == name)


def all_well() -> None:
    for name in job_status.expected():
        jobs.ended(name, timezone.now(), 0)


# --- written --------------------------------------------------------------------------------------


def test_a_run_is_noted_once_whatever_the_batches_it_took():
    mine = rota("in_batches")
    with CaptureQueriesContext(connection) as asked:
        for _ in range(3):
            mine.step()
    run = JobRun.objects.get()
    assert len(asked) == 1  # the job itself asks nothing
    assert (run.name, run.rows) == (f"{__name__}.in_batches", 2 * housekeeping.BATCH + 2)
    assert run.began_at <= run.ended_at
    mine.begin_at(0)
    mine.step()
    assert JobRun.objects.get().rows == 2


def test_a_run_that_breaks_off_leaves_the_last_good_one_and_says_where():
    jobs.ended(f"{__name__}.broken", timezone.now(), 7)
    rota("broken").step()
    run = JobRun.objects.get()
    assert run.rows == 7 and run.ended_at < run.failed_at
    assert run.error.startswith("RuntimeError at test_jobs.py:") and "sam" not in run.error


@pytest.mark.django_db(transaction=True)
def test_a_loop_is_noted_once_a_minute_and_its_troubles_at_once(sink, settings, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: now[0])
    worker = Worker(threading.Event())
    worker.rota.begin_at(1e9)
    for _ in range(3):
        letters.no_account(to="sam@example.org", language="en").put()
        worker.round()
    assert JobRun.objects.get(name=jobs.LETTERS).rows == 1  # the first is noted at once
    now[0] += jobs.NOTED_EVERY
    worker.round()
    assert JobRun.objects.get(name=jobs.LETTERS).rows == 2

    settings.MAIL_TRANSPORT = sink.transport | {"port": closed_port()}
    letters.no_account(to="sam@example.org", language="en").put()
    worker.round()
    assert JobRun.objects.get(name=jobs.LETTERS).error == "ConnectionRefusedError"
    settings.MAIL_TRANSPORT = sink.transport
    worker.round()
    run = JobRun.objects.get(name=jobs.LETTERS)
    assert run.ended_at > run.failed_at


@pytest.mark.django_db(transaction=True)
def test_who_chains_the_trail_says_how_many_entries():
    for _ in range(3):
        trail.record(Event.SIGNUP_STARTED, label="sam@example.org")
    Chainer(threading.Event()).round()
    assert JobRun.objects.get().name == jobs.TRAIL
    assert JobRun.objects.get().rows == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("waits", [True, False])
def test_who_chains_the_trail_says_that_its_end_went_back(caplog, waits):
    chainer = Chainer(threading.Event())
    for _ in range(2):
        trail.record(Event.SIGNUP_STARTED, label="sam@example.org")
        chainer.round()
    first = Entry.objects.get(sequence=1)
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence = 2")
        sql("UPDATE audit_head SET sequence = 1, seal = %s", first.seal)
    if waits:
        trail.record(Event.SIGNUP_STARTED, label="sam@example.org")
    chainer.round()
    assert "The end of the trail went back: it was 2 " in caplog.text
    assert Entry.objects.filter(sequence=2).exists() is waits  # it goes on


def checks(number: int) -> None:
    checker = Checker(threading.Event())
    checker.look_at = 0.0
    checker.round()


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_reads_the_whole_trail():
    for _ in range(3):
        trail.record(Event.SIGNUP_STARTED, label="sam@example.org")
    linking.link()
    race(checks, 4)
    assert Entry.objects.get(event=Event.TRAIL_VERIFIED).facts == {"verified": 3, "found": 0}
    assert JobRun.objects.get(name=jobs.CHECKS).error == ""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_has_just_begun_does_not_read_the_whole_trail():
    trail.record(Event.SIGNUP_STARTED, label="sam@example.org")
    Checker(threading.Event()).round()
    assert not Entry.objects.filter(event=Event.TRAIL_VERIFIED).exists()


# --- read -----------------------------------------------------------------------------------------


def test_every_job_has_words():
    for one in job_status.statuses():
        assert str(one.what) != one.name, one.name


def test_without_any_worker_all_is_late():
    assert {one.state for one in job_status.statuses()} == {State.LATE}


def test_a_worker_that_has_just_begun_has_time(clock):
    jobs.ended(jobs.LETTERS, timezone.now(), 0)
    assert state_of(PURGE) == State.NOT_YET and state_of(jobs.TRAIL) == State.NOT_YET
    clock.forward(minutes=11)
    assert state_of(PURGE) == State.NOT_YET and state_of(jobs.TRAIL) == State.LATE
    clock.forward(minutes=20)
    assert state_of(PURGE) == State.LATE


def test_what_was_not_done_for_long_is_late_and_what_broke_off_last_fails(clock):
    all_well()
    assert {one.state for one in job_status.statuses()} == {State.ON_TIME}
    jobs.failed(PURGE, "OperationalError at x.py:1")
    assert state_of(PURGE) == State.FAILING
    clock.forward(seconds=1)
    jobs.ended(PURGE, timezone.now(), 0)
    assert state_of(PURGE) == State.ON_TIME
    clock.forward(minutes=31)
    assert state_of(PURGE) == State.LATE


def test_texts_are_waited_for_where_somebody_carries_them(settings):
    settings.TEXT_TRANSPORT = None
    assert jobs.TEXTS not in job_status.expected()
    settings.TEXT_TRANSPORT = {"backend": "console"}
    assert jobs.TEXTS in job_status.expected()


def test_the_command_says_it_and_fails_when_something_is_late(capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("auth_worker", "--status", "--json")
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == 3 and told["not_well"] == len(told["jobs"])
    assert told["jobs"][0] == {
        "job": "letters", "state": "late", "began_at": None, "ended_at": None, "failed_at": None,
        "rows": 0, "error": "",
    }  # fmt: skip
    all_well()
    call_command("auth_worker", "--status")
    said = capsys.readouterr().out
    assert f"  {PURGE}: 0 rows\n" in said and ", 0 late or failing." in said
    jobs.failed(PURGE, "OperationalError at x.py:1")
    with pytest.raises(SystemExit):
        call_command("auth_worker", "--status")
    assert "OperationalError at x.py:1" in capsys.readouterr().out


# --- on the desk ----------------------------------------------------------------------------------


def test_the_desk_shows_what_is_late_first_in_one_statement(ada_here):
    all_well()
    JobRun.objects.filter(name=PURGE).update(ended_at=timezone.now() - timedelta(days=1))
    jobs.failed("audit.counting.purge", "Weird <b>Error at x.py:1")
    page = ada_here.get(LIST)
    said = text_of(page)
    assert "2 jobs are late or fail." in said and "Send letters" in said
    assert said.index("Forget sessions that have run out") < said.index("Send letters")
    assert "&lt;b&gt;" in page.content.decode()
    assert sum("accounts_jobrun" in one["sql"] for one in _asked(ada_here)) == 1


def _asked(browser: Visitor) -> list[dict[str, str]]:
    with CaptureQueriesContext(connection) as asked:
        browser.get(LIST)
    return asked.captured_queries


def test_it_takes_a_right_of_its_own(mallory_here, tom):
    assert mallory_here.get(LIST).status_code == 200
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    assert browser.get(LIST).status_code == 403
    assert Visitor().get(LIST).status_code == 302
