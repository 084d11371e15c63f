"""Two writers may name somebody for the first time at once: one key comes of it, and both entries
can be read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from audit import keys, trail
from audit.events import Event
from audit.models import SubjectKey

pytestmark = pytest.mark.django_db(transaction=True)

ALICE = "11111111-1111-4111-8111-111111111111"


def in_a_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def name_alice(label: str) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, label=label)


class RivalAfterTheLook:
    """Lets another connection make the key just after this one has seen that there is none."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work, self.done = work, False

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("SELECT") and "audit_subjectkey" in sql and not self.done:
            self.done = True
            in_a_thread(self.work).join()
        return result


def rival_names_alice() -> RivalAfterTheLook:
    return RivalAfterTheLook(lambda: name_alice("rival"))


def both_are_read() -> bool:
    return {line.label for line in trail.entries_of(ALICE)} == {"rival", "here"}


def test_a_key_made_meanwhile_by_another_is_the_one_that_counts() -> None:
    with connection.execute_wrapper(rival_names_alice()):
        name_alice("here")
    assert both_are_read()


def test_a_rival_who_made_only_one_of_two_keys_leaves_the_other_to_be_made() -> None:
    month = keys.month(datetime.now(UTC))
    with connection.execute_wrapper(RivalAfterTheLook(lambda: keys.obtained([month]))):
        name_alice("here")
    assert [line.label for line in trail.entries_of(ALICE)] == ["here"]


def test_the_lost_race_does_not_break_the_transaction_around_it() -> None:
    # SQLite lets nobody else write meanwhile (IMMEDIATE), so there the rival comes just before.
    rival = rival_names_alice()
    if connection.vendor == "sqlite":
        name_alice("rival")
        rival.done = True
    with transaction.atomic(), connection.execute_wrapper(rival):
        name_alice("here")
        SubjectKey.objects.count()
    assert both_are_read()


@pytest.mark.parametrize("around", [nullcontext, transaction.atomic])
def test_many_first_entries_at_once_share_one_key(around: Callable[[], Any]) -> None:
    start = threading.Barrier(8)

    def writer(number: int) -> None:
        start.wait()
        with around():
            name_alice(f"writer {number}")

    threads = [in_a_thread(lambda number=number: writer(number)) for number in range(8)]
    for thread in threads:
        thread.join()
    lines = trail.entries_of(ALICE)
    assert {line.label for line in lines} == {f"writer {number}" for number in range(8)}
    assert all(line.readable for line in lines)
    assert SubjectKey.objects.filter(subject_id=ALICE).count() == 1
