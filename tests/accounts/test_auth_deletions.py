"""`manage.py auth_deletions run`: what it says, how it ends, and that it runs once at a time."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from tests.accounts.test_erasing import due_now, wilma
from tests.support import cast, commands
from tests.support.held_elsewhere import held_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["wilma"]


def run(*arguments: str) -> tuple[str, int]:
    return commands.run("auth_deletions", "run", *arguments)


def test_a_dry_run_counts_and_erases_nothing(wilma, bob):
    due_now(wilma)
    said, code = run("--dry-run")
    assert (said, code) == ("Would erase 1 account. Nothing was erased.\n", 0)
    assert User.objects.count() == 2


def test_it_asks_unless_it_is_told_not_to(wilma, bob):
    due_now(wilma)
    said, code = run()
    assert code == 2 and "Use --yes" in said and User.objects.count() == 2
    said, code = run("--yes")
    assert (said, code) == ("1 account erased.\n", 0)
    assert run() == ("0 accounts erased.\n", 0)  # nothing to do, nothing to ask


def test_it_speaks_json_and_keeps_to_its_limit(db):
    due_now(*(cast.person(f"person{number}") for number in range(3)))
    said, code = run("--yes", "--json", "--limit", "2", "--batch-size", "1")
    told = json.loads(said)
    assert code == 0 and told.pop("seconds") >= 0
    assert told == {
        "command": "auth_deletions run", "dry_run": False, "due": 2, "erased": 2, "kept": 0,
        "last_administrator": 0, "failed": 0,
    }  # fmt: skip
    assert User.objects.count() == 1
    assert json.loads(run("--dry-run", "--json")[0])["due"] == 1


def test_stopped_it_finishes_the_account_at_hand_and_goes_on_at_the_next_start(db):
    due_now(*(cast.person(f"person{number}") for number in range(3)))

    def stops(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT INTO") and "audit_entry" in sql:
            os.kill(os.getpid(), signal.SIGTERM)
        return execute(sql, *rest)

    with connection.execute_wrapper(stops):
        said, code = run("--yes")
    assert code == 130 and "Nothing was left half done." in said
    assert User.objects.count() == 2
    assert run("--yes") == ("2 accounts erased.\n", 0)


def test_what_failed_is_told_with_exit_4(wilma, bob, monkeypatch):
    due_now(wilma, bob)
    delete = User.delete

    def fails(self: User) -> Any:
        if self.pk == wilma.pk:
            raise RuntimeError
        return delete(self)

    monkeypatch.setattr(User, "delete", fails)
    said, code = run("--yes")
    assert code == 4 and "1 account erased." in said and "1 account could not be erased" in said
    assert User.objects.get() == wilma


@pytest.mark.parametrize(
    "wrong", [("--batch-size", "0"), ("--batch-size", "10001"), ("--limit", "-1")]
)
def test_nonsense_is_wrong_usage(wilma, wrong):
    due_now(wilma)
    said, code = run("--yes", *wrong)
    assert code == 2 and "Nothing was changed." in said and User.objects.count() == 1


def test_the_last_administrator_is_told_of_with_exit_4(ada):
    due_now(ada)
    said, code = run("--yes")
    assert code == 4 and "last administrator" in said and User.objects.count() == 1


def test_one_run_at_a_time(wilma):
    due_now(wilma)
    with held_elsewhere("auth_deletions"):
        _said, code = run("--yes")
    assert code == 75 and User.objects.count() == 1
