"""Which statements of the measured pages walk through a whole table: `python -m tests.bench.plans`.

Prints JSON: how many statements were asked for, and those whose plan reads a big table row by row.
"""

from __future__ import annotations

import json
import re
import sys
from http.cookies import SimpleCookie
from typing import Any

import django

from tests.bench import crowd
from tests.bench.browsing import SIGN_IN, another_network

BIG = 5_000  # rows; PostgreSQL rightly reads a smaller table whole
_PLANNED = ("SELECT", "UPDATE", "DELETE")


def _statements(people: int) -> list[str]:
    """Everything that the measured requests ask of the database, in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "localhost", "x-forwarded-for": another_network()})
    number = crowd.actor(crowd.ACTORS - 1, people)
    with CaptureQueriesContext(connection) as captured:
        for login, password in (
            (crowd.address(number), "not this one at all"),
            (crowd.name(number), "not this one at all"),
            ("nobody@example.org", "not this one at all"),
            ("nobody-at-all", "not this one at all"),
            (crowd.address(number), crowd.PASSWORD),
        ):
            client.get(SIGN_IN)
            client.post(SIGN_IN, {"login": login, "password": password})
        for page in ("/bench/frame", "/accounts/"):
            answer = client.get(page)
            if answer.status_code != 200:
                raise RuntimeError(f"{page} answered {answer.status_code}")
        _behind_the_limits(crowd.address(crowd.actor(crowd.ACTORS - 2, people)))
        _again(client.cookies, crowd.address(number))
    asked = (query["sql"].lstrip("( ") for query in captured.captured_queries)
    return sorted({sql for sql in asked if sql.upper().startswith(_PLANNED)})


def _behind_the_limits(login: str) -> None:
    """Guesses until there is a pause, and the letter that leads past it."""
    from django.test import Client

    browser = Client(headers={"host": "localhost", "x-forwarded-for": another_network()})
    guess = {"login": login, "password": "not this one at all"}
    while (status := browser.post(SIGN_IN, guess).status_code) == 200:
        pass
    if status != 429:
        raise RuntimeError(f"A guess at {login} was answered {status}")
    browser.post("/accounts/unlock/", {"login": login})
    browser.post("/accounts/unlock/code/", {"code": "BBBB-BBBB"})


def _again(cookies: SimpleCookie, login: str) -> None:
    """The owner of a known device mistypes once and comes in."""
    from django.conf import settings
    from django.test import Client

    browser = Client(headers={"host": "localhost", "x-forwarded-for": another_network()})
    browser.cookies[settings.DEVICE_COOKIE_NAME] = cookies[settings.DEVICE_COOKIE_NAME].value
    for password, meant in (("not this one at all", 200), (crowd.PASSWORD, 302)):
        status = browser.post(SIGN_IN, {"login": login, "password": password}).status_code
        if status != meant:
            raise RuntimeError(f"On a known device the sign-in of {login} was answered {status}")


def _walks(sql: str) -> list[str]:
    """The tables that a statement reads row by row."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            lines = [row[3] for row in cursor.fetchall()]
            walked = [re.match(r"SCAN (\S+)", line) for line in lines if "INDEX" not in line]
            return [match.group(1) for match in walked if match]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        found: list[str] = []
        _collect(cursor.fetchone()[0][0]["Plan"], found)
        return found


def _collect(node: dict[str, Any], found: list[str]) -> None:
    if node["Node Type"] == "Seq Scan":
        found.append(node["Relation Name"])
    for child in node.get("Plans", ()):
        _collect(child, found)


def _size(table: str) -> int:
    from django.db import connection

    quoted = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT 1 FROM {quoted} LIMIT {BIG}) AS few")  # noqa: S608
        return int(cursor.fetchone()[0])


def main(people: int) -> None:
    django.setup()
    statements = _statements(people)
    walked = {
        sql: tables
        for sql in statements
        if (tables := [table for table in _walks(sql) if _size(table) >= BIG])
    }
    print(json.dumps({"statements": len(statements), "walked": walked}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
