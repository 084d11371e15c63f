"""`manage.py auth_exports build`, and the worker that does the same: what is said, and how it ends."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from accounts.exports import building
from accounts.models import DataExport
from accounts.outbox.worker import Builder, work
from tests.support import cast, commands
from tests.support.held_elsewhere import held_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[str, int]:
    return commands.run("auth_exports", "build", *arguments)


@pytest.fixture
def three(db: None) -> None:
    for number in range(3):
        DataExport.objects.create(user=cast.person(f"person{number}"))


def test_a_dry_run_counts_and_builds_nothing(three):
    assert run("--dry-run") == ("Would build 3 copies. Nothing was built.\n", 0)
    assert {one.state for one in DataExport.objects.all()} == {"waiting"}


def test_it_speaks_json_and_keeps_to_its_limit(three):
    said, code = run("--json", "--limit", "2")
    told = json.loads(said)
    assert code == 0 and told.pop("seconds") >= 0
    assert told == {
        "command": "auth_exports build", "dry_run": False, "due": 2, "built": 2, "again": 0,
        "failed": 0,
    }  # fmt: skip
    assert json.loads(run("--dry-run", "--json")[0])["due"] == 1
    assert run() == ("1 copy built.\n", 0)
    assert run() == ("0 copies built.\n", 0)
    assert run("--quiet") == ("", 0)


def test_a_wrong_limit_is_wrong_usage(db):
    said, code = run("--limit", "-1")
    assert code == 2 and "Nothing was changed" in said


def test_what_failed_is_told_with_exit_4_and_holds_up_no_other(three, monkeypatch):
    write = building.archive.write

    def fails(user: Any, sink: Any, **asked: Any) -> None:
        if user.username == "person0":
            raise RuntimeError
        write(user, sink, **asked)

    monkeypatch.setattr(building.archive, "write", fails)
    said, code = run()
    assert code == 4 and said == "2 copies built.\n1 copy failed and will be tried again.\n"
    DataExport.objects.filter(state="waiting").update(attempts=2, due_at="2020-01-01T00:00Z")
    said, code = run()
    assert code == 4 and "1 copy given up: the log says where it failed." in said


def test_it_runs_once_at_a_time(three):
    with held_elsewhere("auth_exports"):
        said, code = run()
    assert code == 75 and "already running" in said
    assert DataExport.objects.filter(state="waiting").count() == 3


def test_the_worker_builds_in_a_loop_of_its_own(three, monkeypatch):
    Builder(threading.Event()).round()
    assert {one.state for one in DataExport.objects.all()} == {"ready"}
    stop, built = threading.Event(), threading.Event()

    def drain(**_: Any) -> building.Report:
        built.set()
        stop.set()
        return building.Report()

    monkeypatch.setattr(building, "drain", drain)
    work(stop)
    assert built.is_set()


def test_a_loop_that_meets_trouble_goes_on_later(db, monkeypatch, caplog):
    def fails(**_: Any) -> building.Report:
        raise RuntimeError("about somebody")

    builder = Builder(threading.Event())
    with monkeypatch.context() as broken:
        broken.setattr(building, "drain", fails)
        builder.round()
    assert builder.troubles == 1 and "about somebody" not in caplog.text
    builder.round()
    assert builder.troubles == 0
