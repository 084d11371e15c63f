"""`manage.py auth_events`: what it says and how it ends."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit import keys, trail
from audit.chain import linking, segments
from audit.events import Event
from audit.models import Entry, Head
from tests.support import commands
from tests.support.held_elsewhere import held_elsewhere
from tests.support.trail import unguarded

ALICE = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def chain(db: Any) -> None:
    for _ in range(3):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()


@pytest.fixture
def old(chain: None, clock: Any) -> None:
    """A closed and told stretch of three entries, 100 days old."""
    clock.forward(days=1)
    segments.close(1)
    segments.tell(1)
    clock.forward(days=100)


def run(*arguments: str) -> tuple[str, int]:
    return commands.run("auth_events", *arguments)


def test_a_whole_chain_is_said_to_hold_with_its_head(chain) -> None:
    head = Head.objects.get()
    assert run("verify") == (f"3 entries hold.\nHead: 3 {head.seal}\n", 0)
    entry = Entry.objects.latest("id")
    assert (entry.event, entry.facts) == (
        Event.TRAIL_VERIFIED,
        {"verified": 3, "found": 0, "by": "operator"},
    )


def test_what_has_no_place_yet_is_given_one_first(db) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE)
    said, code = run("verify", "--json")
    told = json.loads(said)
    assert (code, told["verified"], told["waiting"], told["findings"]) == (0, 1, 0, [])


def test_each_wrong_entry_is_named_and_the_exit_code_says_so(chain) -> None:
    number = Entry.objects.get(sequence=2).pk
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another' WHERE sequence = 2")
    said, code = run("verify")
    assert (said, code) == (
        f"Entry {number}, place 2, was changed.\n2 entries hold.\n1 found.\n",
        3,
    )
    told = json.loads(run("verify", "--json")[0])
    assert told["findings"] == [{"wrong": "changed", "first": 2, "last": 2, "id": number}]


def test_removed_entries_and_those_put_in_are_named(chain) -> None:
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence = 2")
    Entry(event="account.signed_in").save()
    number = Entry.objects.latest("id").pk
    said, code = run("verify")
    assert code == 3
    assert said.splitlines()[:2] == [
        "Places 2 to 2: removed.",
        f"Entry {number}, place 4, was not written by this site.",
    ]


def test_heads_are_printed_and_read_again(old, tmp_path) -> None:
    printed, code = run("heads")
    assert code == 0 and printed.startswith("3 ")
    kept = tmp_path / "heads"
    kept.write_text(printed)
    said, code = run("verify", "--heads", str(kept))
    assert code == 0 and "compared with 1 heads from outside" in said
    kept.write_text(printed.replace(printed.split()[1], "ab" * 32))
    said, code = run("verify", "--heads", str(kept))
    assert code == 3 and "is not as it was told outside" in said


def test_a_head_that_the_site_told_anew_does_not_take_the_place_of_the_first(old, tmp_path) -> None:
    """Whoever has FIELD_KEYS writes the chain anew, and has it told: the file ends with what fits."""
    printed, _code = run("heads")
    kept = tmp_path / "heads"
    kept.write_text(printed.replace(printed.split()[1], "ab" * 32) + printed)
    said, code = run("verify", "--heads", str(kept))
    assert code == 3
    assert "Places 3 to 3: was told outside with two heads that differ" in said
    assert "is not as it was told outside" in said
    kept.write_text(printed * 2)  # told twice, as after a crash
    assert run("verify", "--heads", str(kept))[1] == 0


SPOILED = ["UPDATE audit_head SET sequence = 1", "UPDATE audit_head SET sequence = 9223372036854775807",
    "UPDATE audit_subjectkey SET key = 'none' WHERE subject_id = 'chain'",
    "UPDATE audit_subjectkey SET key = '' WHERE subject_id = 'chain'"]  # fmt: skip


NAMED = ("where the chain ends was changed", "cut off from the end", "key of the chain is gone")


@pytest.mark.parametrize("spoiled", SPOILED)
def test_what_keeps_entries_from_their_places_keeps_nothing_from_being_named(
    chain, spoiled
) -> None:
    """Time and again: `verify` writes an entry itself, which waits for its place at the next one."""
    with unguarded() as sql:
        sql(spoiled)
    keys.known.keys.clear()  # as in the next process
    for _ in range(2):
        said, code = run("verify")
        assert code == 3 and " found.\n" in said
        assert any(named in said for named in NAMED)


PRINTS = (
    "Give a file of lines as `auth_events heads` prints them, or of the log's."
    " Nothing was verified."
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nonsense\n", f"Line 1 of FILE is no head of a trail. {PRINTS}"),
        (b"\n3 \xef\xbf\xbd", f"Line 2 of FILE is no head of a trail. {PRINTS}"),
        (b"9" * 5000 + b" " + b"a" * 64, f"Line 1 of FILE is no head of a trail. {PRINTS}"),
        (b"\x7fELF\xff\x00", f"FILE is no text. {PRINTS}"),
        (b"", f"FILE holds no head. {PRINTS}"),
        (b'{"logger": "django", "message": "x"}\n', f"FILE holds no head. {PRINTS}"),
        (b"08:14:03 listening\n  File x", f"Line 2 of FILE is no head of a trail. {PRINTS}"),
        (b"End of the trail: 3 abc\n", f"Line 1 of FILE is no head of a trail. {PRINTS}"),
    ],
)
def test_a_file_that_holds_no_heads_is_refused(chain, tmp_path, content, said) -> None:
    kept = tmp_path / "heads"
    kept.write_bytes(content)
    assert run("verify", "--heads", str(kept)) == (said.replace("FILE", str(kept)), 2)
    assert not Entry.objects.filter(event=Event.TRAIL_VERIFIED).exists()


def test_a_file_of_heads_that_cannot_be_read_is_said_in_words(chain, tmp_path) -> None:
    for path, why in (
        (tmp_path / "heads", "there is no such file or folder"),
        (tmp_path, "it is a folder"),
        (tmp_path / ("x" * 300), "file name too long"),
    ):
        said, code = run("verify", "--heads", str(path))
        assert (said, code) == (f"{path} cannot be read: {why}. Nothing was verified.", 1)


def test_before_a_stretch_is_closed_there_is_no_head_and_that_is_said(chain, capsys) -> None:
    call_command("auth_events", "heads")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "No stretch is closed yet.\n")
    call_command("auth_events", "heads", "--quiet")
    assert capsys.readouterr() == ("", "")


def test_heads_that_nobody_can_prove_are_not_said_to_be_yet_to_come(old, capsys) -> None:
    with unguarded() as sql:
        sql("UPDATE audit_segment SET seal = %s", "ab" * 32)
    call_command("auth_events", "heads")
    printed = capsys.readouterr()
    assert printed.out == "" and "none that this site can prove to be its own" in printed.err


def test_whoever_stops_it_while_it_chains_loses_no_batch(db) -> None:
    """Chaining is stopped between two batches, as verifying is."""
    for _ in range(linking.BATCH + 1):
        trail.record(Event.SIGNED_IN, subject=ALICE)

    stops = [signal.SIGINT]

    def stop_within(execute: Any, sql: str, *rest: Any) -> Any:
        if stops and sql.startswith("UPDATE audit_entry SET sequence"):
            os.kill(os.getpid(), stops.pop())
        return execute(sql, *rest)

    with connection.execute_wrapper(stop_within):
        assert run("verify")[1] == 130
    assert Entry.objects.filter(sequence=None).count() == 1
    assert not Entry.objects.filter(event=Event.TRAIL_VERIFIED).exists()


def test_prune_counts_first_and_takes_whole_stretches(old) -> None:
    assert run("prune", "--days", "90", "--dry-run") == (
        "Would take away 3 entries in 1 stretches. None was.\n",
        0,
    )
    said, code = run("prune", "--days", "90")
    assert code == 2 and "Use --yes" in said
    assert run("prune", "--days", "90", "--yes") == ("3 entries taken away.\n", 0)
    assert run("prune", "--days", "90", "--yes") == ("0 entries taken away.\n", 0)
    assert Entry.objects.get(event=Event.TRAIL_PRUNED).facts == {
        "first": 1,
        "last": 3,
        "by": "operator",
    }
    said, code = run("verify")
    assert code == 0 and "3 were pruned" in said


@pytest.mark.parametrize("arguments", [("--days", "89"), ("--days", "-1"), ("--batch-size", "0")])
def test_too_few_days_are_refused(old, arguments) -> None:
    _said, code = run("prune", "--yes", *arguments)
    assert code == 2 and Entry.objects.filter(sequence__lte=3).count() == 3


@pytest.mark.django_db(transaction=True)
def test_one_prunes_at_a_time(chain) -> None:
    with held_elsewhere("auth_events"):
        said, code = run("prune", "--yes")
    assert code == 75 and "already running" in said


def test_it_can_be_interrupted_between_two_batches(old) -> None:
    def stop_after(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("DELETE"):
            os.kill(os.getpid(), signal.SIGINT)
        return result

    with connection.execute_wrapper(stop_after):
        _said, code = run("prune", "--yes", "--days", "90", "--batch-size", "2")
    assert code == 130
    assert Entry.objects.filter(sequence__lte=3).count() == 1
    assert run("prune", "--yes", "--days", "90")[1] == 0
    assert run("verify")[1] == 0
