"""However much somebody puts in, what was done besides is told: of each kind some, the graver first."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from accounts.management import trail_report
from audit import keys, trail
from audit.chain import findings, linking, verifying
from audit.chain.findings import Finding, Wrong
from audit.events import Event
from audit.models import Entry, SubjectKey
from tests.support import commands
from tests.support.trail import request_from, unguarded

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
JUNK = 12


@pytest.fixture(autouse=True)
def few(monkeypatch) -> None:
    monkeypatch.setattr(findings, "MOST_FINDINGS", 10)
    monkeypatch.setattr(trail_report, "MOST_SHOWN", 8)


def happens() -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), method="password")


def junk(name: str = "") -> None:
    for number in range(JUNK):
        Entry(event="account.signed_in", personal_key=name % number if name else "").save()


@pytest.fixture
def hidden() -> list[Finding]:
    """Behind what was put in, one entry is gone and another changed, and so is a key."""
    happens()
    junk()
    for _ in range(4):
        happens()
    linking.link()
    changed = Entry.objects.get(sequence=JUNK + 4).pk
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence = %s", JUNK + 3)
        sql("UPDATE audit_entry SET event = 'another' WHERE id = %s", changed)
    SubjectKey.objects.filter(pk=ALICE).update(key="")
    return [
        Finding(Wrong.REMOVED, JUNK + 3, JUNK + 3),
        Finding(Wrong.CHANGED, JUNK + 4, JUNK + 4, changed),
        Finding(Wrong.KEY_DROPPED, name=ALICE),
    ]


def test_what_was_put_in_keeps_nothing_else_from_being_told(hidden) -> None:
    result = verifying.verify()
    assert [one for one in result.findings if one.wrong is not Wrong.INSERTED] == hidden
    assert (result.found, len(result.findings)) == (JUNK + 3, 10 + 3)
    assert result.kinds == {Wrong.INSERTED: JUNK} | dict.fromkeys((one.wrong for one in hidden), 1)


def test_the_report_says_some_of_each_kind_and_the_graver_first(hidden) -> None:
    said, code = commands.run("auth_events", "verify")
    lines = said.splitlines()
    assert code == 3 and [line.split(",")[-1].split(":")[-1].strip(" .") for line in lines[:2]] == [
        "was changed",
        "removed",
    ]
    assert lines[2].startswith(f"The key of {ALICE} ")
    assert all("was not written by this site" in line for line in lines[3:8])
    assert lines[8] == f"and {JUNK - 5} more: inserted {JUNK - 5}"
    told = json.loads(commands.run("auth_events", "verify", "--json")[0])
    assert told["kinds"] == {"changed": 1, "removed": 1, "key_dropped": 1, "inserted": JUNK}


def test_where_there_is_room_more_of_a_kind_are_shown() -> None:
    happens()
    linking.link()
    junk()
    said = commands.run("auth_events", "verify")[0].splitlines()
    assert sum("was not written by this site" in line for line in said) == 8


@pytest.mark.parametrize("name", ["junk %d", "00000000-0000-4000-8000-%012d"])
def test_entries_that_were_put_in_hide_no_key_that_was_taken_away(name, monkeypatch) -> None:
    monkeypatch.setattr(keys, "_WITHOUT_A_KEY", keys._WITHOUT_A_KEY.replace("1000", "10"))
    happens()
    linking.link()
    junk(name)
    SubjectKey.objects.filter(pk=ALICE).delete()
    for _ in range(2):  # before those have places, and after
        told = [one for one in verifying.verify().findings if one.wrong is Wrong.KEY_DROPPED]
        assert told[0] == Finding(Wrong.KEY_DROPPED, name=ALICE)
        linking.link()


def test_the_database_knows_names_of_keys_as_this_site_does() -> None:
    names = {
        ALICE: True,
        "month-2026-11": True,
        ALICE.replace("1", "A"): False,
        f"{ALICE}0": False,
        f"x{ALICE}": False,
        "month-2026-1": False,
        "chain": False,
    }
    for name in names:
        Entry(event="account.signed_in", personal_key=name).save()
    with connection.cursor() as cursor:
        is_name = keys._IS_NAME[connection.vendor]
        cursor.execute(f"SELECT personal_key FROM audit_entry WHERE {is_name}")  # noqa: S608 - ours
        known = {name for (name,) in cursor.fetchall()}
    assert known == {name for name, is_one in names.items() if is_one}
    assert known == {name for name in names if keys._NAME.fullmatch(name)}
