"""Doing one thing many times at once, and saying in a line what each was answered."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection
from django.http import HttpResponse
from django.test import override_settings

from tests.support.pages import errors_of

Result = TypeVar("Result")


def race(act: Callable[[int], Result], racers: int) -> list[Result]:
    """`act(number)` in as many threads, let go at one moment; their results in order.

    However slow the machine is, nobody is refused for want of a place to hash: that is another wall
    (tests/accounts/test_slots.py)."""
    start = threading.Barrier(racers)

    def run(number: int) -> Result:
        try:
            start.wait(timeout=30)
            return act(number)
        finally:
            connection.close()

    patient = override_settings(POLICY_HASH_WAIT_SECONDS=60, POLICY_HASH_WAITING=1000)
    with patient, ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def waits_for_a_lock(several: int = 1) -> bool:
    """Whether so many wait for what others hold; on SQLite, which has one writer, whoever writes second
    always does."""
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot()"
        )  # or a transaction sees who waited at first
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0] >= several)


def at_the_insert_of(table: str, act: Callable[[], object], pool: ThreadPoolExecutor) -> Callable:
    """Lets `act` go in another thread right before the first row of `table`, and goes on once it has
    ended or waits."""
    begun: list[object] = []

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    def watch(execute, sql, params, many, context):
        if sql.startswith("INSERT") and f'INTO "{table}"' in sql and not begun:
            running = pool.submit(run)
            begun.append(running)
            while not (running.done() or waits_for_a_lock()):
                pass
        return execute(sql, params, many, context)

    return watch


def outcome(answer: HttpResponse) -> str:
    """`302 /where/to/`, `200 ` with the first sentence of the form's first error, or the status with
    the page's heading: short enough to count how many got which."""
    if "Location" in answer:
        return f"{answer.status_code} {answer['Location']}"
    page = answer.content.decode()
    if answer.status_code == 200:
        items = re.findall(r"<li[^>]*>(.*?)</li>", _summary(answer, page), re.DOTALL)
        said = _words(items[0]) if items else "?"
    else:
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
        said = _words(heading.group(1)) if heading else "?"
    return f"{answer.status_code} {said}"


def _summary(answer: HttpResponse, page: str) -> str:
    errors_of(answer)
    found = re.search(r'<[^>]+role="alert".*?</ul>', page, re.DOTALL)
    return found.group() if found else ""


def _words(markup: str) -> str:
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup)).strip()
    return re.sub(r"(?<=\.) .*", "", words)
