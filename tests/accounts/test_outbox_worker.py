"""`manage.py auth_worker`: the loop, its stopping, its exit codes, and what it survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.management import call_command
from django.db import connection

from accounts.models import OutgoingMail
from accounts.outbox import letters
from accounts.outbox.delivery import drain
from accounts.outbox.worker import Worker
from tests.support.processes import Running
from tests.support.smtp_sink import closed_port


def put() -> OutgoingMail:
    return letters.no_account(to="sam@example.org", language="en").put()


# --- One round at a time --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_rounds_go_on_when_the_mail_server_comes_back(sink, settings):
    put()
    worker = Worker(threading.Event())
    settings.MAIL_TRANSPORT = sink.transport | {"port": closed_port()}
    for pause in (2, 4, 8, 16, 30, 30):
        worker.round()
        assert worker.pause() == pause
    settings.MAIL_TRANSPORT = sink.transport
    worker.round()
    assert worker.pause() == 1
    assert len(sink.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_rounds_go_on_when_the_database_comes_back(sink):
    """Here the table is away for a moment, as a server is."""
    put()
    worker = Worker(threading.Event())
    table = OutgoingMail._meta.db_table
    away = f"ALTER TABLE {table} RENAME TO away"
    back = f"ALTER TABLE away RENAME TO {table}"
    with connection.cursor() as cursor:
        cursor.execute(away)
    try:
        worker.round()
        assert worker.pause() == 2
    finally:
        with connection.cursor() as cursor:
            cursor.execute(back)
    worker.round()
    assert worker.pause() == 1
    assert len(sink.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_ours_is_logged_without_its_text_and_survived(settings, caplog):
    put()
    worker = Worker(threading.Event())
    settings.MAIL_TRANSPORT = {"backend": "no.such.backend_sam@example.org"}
    worker.round()
    assert worker.pause() == 2
    assert "ModuleNotFoundError at" in caplog.text
    assert "sam@" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_worker_told_to_stop_sends_no_further_letter(sink):
    put()
    stop = threading.Event()
    stop.set()
    Worker(stop).round()
    assert not sink.taken


# --- The command ----------------------------------------------------------------------------------


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("auth_worker", "--json", *(arguments or ["--once"]))
    except SystemExit as end:
        code = int(str(end.code))
    return code, json.loads(capsys.readouterr().out)


def test_once_sends_what_is_due_and_says_so(sink, db, capsys):
    put()
    put()
    code, said = told(capsys)
    assert code == 0
    assert said.pop("seconds") >= 0
    assert said == {
        "command": "auth_worker", "dry_run": False, "sent": 2, "failed": 0, "dead": 0, "waiting": 0,
    }  # fmt: skip


def test_once_with_nothing_to_do_is_done(db, capsys):
    assert told(capsys)[0] == 0


def test_once_with_letters_left_for_another_try_is_partly_done(sink, db, capsys):
    sink.answers["RCPT"] = "451 later"
    put()
    code, said = told(capsys)
    assert (code, said["failed"], said["waiting"]) == (4, 1, 1)


def test_once_without_a_mail_server_says_try_later(sink, settings, db, capsys):
    settings.MAIL_TRANSPORT = sink.transport | {"port": closed_port()}
    put()
    code, said = told(capsys)
    assert (code, said["waiting"]) == (75, 1)


def test_a_dry_run_counts_and_sends_nothing(sink, db, capsys):
    put()
    assert told(capsys, "--dry-run") == (
        0,
        {"command": "auth_worker", "dry_run": True, "due": 1, "dead": 0},
    )
    assert not sink.taken


def test_letters_given_up_can_be_sent_after_all(sink, db, capsys, clock):
    sink.answers["RCPT"] = "550 never"
    put()
    for _ in range(3):
        drain()
        clock.forward(hours=1)
    assert drain().sent == 0
    assert told(capsys, "--dry-run", "--revive")[1]["dead"] == 1
    assert told(capsys, "--revive") == (
        0,
        {"command": "auth_worker", "dry_run": False, "revived": 1},
    )
    sink.answers.clear()
    assert drain().sent == 1


def test_quiet_is_quiet(sink, db, capsys):
    put()
    call_command("auth_worker", "--once", "--quiet")
    assert capsys.readouterr().out == ""
    assert len(sink.taken) == 1


def test_the_command_leaves_signals_as_it_found_them(sink, db):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    call_command("auth_worker", "--once", "--quiet")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


# --- A real process -------------------------------------------------------------------------------


def running(folder: Path, *arguments: str, **pipes: Any) -> Running:
    """A worker on a database without tables: troubles all around, and still it must be polite."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "authsite.settings",
        "DATABASE_URL": f"sqlite:///{folder}/empty.sqlite3",
    }
    argv = [sys.executable, "manage.py", "auth_worker", *arguments]
    return Running(argv, cwd=site_settings.BASE_DIR, env=environment, **pipes)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once(tmp_path, number, code):
    with running(tmp_path) as worker:
        worker.hear("Database trouble: OperationalError")
        worker.send(number)
        assert worker.wait(5) == code


def test_it_ends_with_its_parent(tmp_path):
    with running(tmp_path, "--with-parent", stdin=subprocess.PIPE) as worker:
        worker.hear("Database trouble")
        assert worker.process.poll() is None
        assert worker.process.stdin
        worker.process.stdin.close()
        assert worker.wait(5) == 0


def test_without_that_wish_it_outlives_a_closed_standard_input(tmp_path):
    with running(tmp_path, stdin=subprocess.DEVNULL) as worker:
        worker.hear("Database trouble", times=2)
        assert worker.process.poll() is None
