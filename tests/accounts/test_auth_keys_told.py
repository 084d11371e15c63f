"""What `manage.py auth_keys` says: of values that do not open, of keys that may go, of wrong usage."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from accounts.botcheck import held
from accounts.management.commands.auth_keys import Command
from accounts.management.progress import Progress
from accounts.models import OutgoingMail, Session
from audit import keys, sealing
from audit.keyring import Keyring
from audit.models import SubjectKey
from tests.support import keyrings
from tests.support.keyrings import (
    KINDS,
    T1,
    T2,
    T3,
    Life,
    everything_stored,
    facts,
    rotated,
    run,
    told,
    under,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


# --- What does not open ---------------------------------------------------------------------------


def damage_moved() -> str:
    """The data of one session, moved into another."""
    Visitor().post("/accounts/login/", {"login": "alice", "password": "wrong"})
    one, two = list(Session.objects.order_by("pk")[:2])
    Session.objects.filter(pk=two.pk).update(data=one.data)
    return two.pk


def damage_cut() -> str:
    row = Session.objects.first()
    Session.objects.filter(pk=row.pk).update(data=row.data[:-9])
    return row.pk


def damage_unknown() -> str:
    row = Session.objects.first()
    Session.objects.filter(pk=row.pk).update(data=row.data.replace("t1:", "t9:"))
    return row.pk


def damage_clear() -> str:
    row = Session.objects.first()
    Session.objects.filter(pk=row.pk).update(data="hunter2")
    return row.pk


@pytest.mark.parametrize("damage", [damage_moved, damage_cut, damage_unknown, damage_clear])
def test_what_does_not_open_is_named_left_as_it_is_and_holds_up_nothing(settings, damage):
    Life()
    Visitor().post("/accounts/login/?next=/accounts/", {"login": "alice", "password": "wrong"})
    session = Session(expires_at=Session.objects.first().expires_at, key="f" * 64)
    session.data = sealing.seal(b"{}", context=f"session {session.key}")
    session.save()
    pk = damage()
    settings.FIELD_KEYS = f"{T2},{T1}"
    total = Keyring().stale()
    before = Session.objects.get(pk=pk).data
    dry = facts("rotate", "--dry-run", code=3)
    assert (dry["would_reseal"], dry["failed"]) == (total - 1, 1)
    code, out, err = run("rotate", "--yes")
    assert code == 4
    assert f"Done: {total - 1} re-encrypted, 1 failed" in out
    assert f"Does not open: accounts.Session.data of {pk}\n" in err
    assert before not in out + err
    assert Session.objects.get(pk=pk).data == before
    assert told()[-1] == {
        "key": "t2",
        "resealed": total - 1,
        "failed": 1,
        "outcome": "partly",
        "by": "operator",
    }
    again = rotated(code=4)
    assert (again["resealed"], again["failures"]) == (0, [f"accounts.Session.data of {pk}"])


def test_a_key_that_still_seals_something_is_not_given_free(settings):
    Life()
    pk = damage_cut()
    settings.FIELD_KEYS = f"{T2},{T1},{T3}"
    assert "Key t1 still seals 1: keep it.\n" in run("rotate", "--yes")[1]
    Session.objects.filter(pk=pk).delete()
    assert "Key t1 is no longer used: remove it from FIELD_KEYS.\n" in run("rotate", "--yes")[1]


# --- Wrong usage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        ["rotate", "--yes", "--batch-size", "0"],
        ["rotate", "--yes", "--batch-size", "10001"],
        ["rotate", "--yes", "--limit", "-1"],
    ],
)
def test_nonsense_is_wrong_usage_and_changes_nothing(life, wrong):
    before = everything_stored()
    assert run(*wrong)[0] == 2
    assert everything_stored() == before


@pytest.mark.parametrize("options", [[], ["--json"], ["--quiet"]])
def test_without_yes_and_without_a_terminal_it_refuses(life, monkeypatch, options):
    before = everything_stored()
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        code, _, err = run("rotate", *options)
    assert code == 2 and "Use --yes. Nothing was changed." in err
    assert everything_stored() == before


@pytest.mark.parametrize(
    ("typed", "code"), [("yes\n", 0), ("YES\n", 0), ("y\n", 1), ("\n", 1), ("\x04", 130)]
)
def test_at_a_terminal_it_asks_once_and_says_what_it_is_about(life, monkeypatch, typed, code):
    some = under("t1")
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        ended, _, err = run("rotate")
    os.close(ours)
    assert (ended, under("t1")) == (code, some if code else 0)
    assert f"Re-encrypts {some} secrets from key t1 to t2.\n" in err


def test_a_lock_that_cannot_be_had_is_said(life, tmp_path, monkeypatch):
    if connection.vendor == "postgresql":
        return  # no file there
    monkeypatch.setitem(connection.settings_dict, "NAME", f"{tmp_path}/not/there")
    code, _, err = run("rotate", "--yes")
    assert code == 1 and "No such file or directory" in err and "Nothing was changed." in err
    assert under("t2") == 0


def test_a_trail_that_cannot_be_written_is_said(life, settings):
    """The key of this month is lost: no site can work like that, and the values are moved yet."""
    name = keys.month(timezone.now())
    month = SubjectKey.objects.get(subject_id=name)
    SubjectKey.objects.filter(pk=name).update(key=month.key.replace("t1:", "t9:"))
    code, _, err = run("rotate", "--yes")
    assert code == 1 and "The trail could not be told" in err
    assert under("t1") == 0 and told() == []


def test_help_names_the_exits():
    text = " ".join(Command.help.split())
    assert all(f"{code} (" in text for code in (0, 1, 2, 3, 4, 75, 130))


def test_of_many_it_says_how_far_it_has_come_each_tenth(settings):
    now = timezone.now()
    rows = [Session(key=f"{n:064}", expires_at=now) for n in range(20_000)]
    for row in rows:
        row.data = sealing.seal(b"{}", context=f"session {row.key}")
    Session.objects.bulk_create(rows, batch_size=2_000)
    settings.FIELD_KEYS = f"{T2},{T1}"
    code, out, err = run("rotate", "--dry-run")  # which tells alike, and is soon over
    assert code == 0 and out.startswith("Would re-encrypt 20,000 secrets ")
    told_at = [line.rpartition(" ")[0] for line in err.splitlines()]
    assert told_at == [f"{n}0% {n * 2_000:,}/20,000 secrets" for n in range(1, 11)]
    assert run("rotate", "--dry-run", "--quiet") == (0, "", "")
    assert run("rotate", "--dry-run", "--json")[2] == ""


def test_the_bar_is_the_one_of_the_specification():
    said: list[tuple[str, str]] = []
    bar = Progress(
        "Re-encrypting",
        "secrets",
        write=lambda text, ending: said.append((text, ending)),
        on_terminal=True,
        total=48_210,
    )
    bar.at(0.71, 34_229)
    ((text, ending),) = said
    assert text.startswith(" Re-encrypting  ██████████████░░░░░░   71%  34,229/48,210 secrets")
    assert ending == "\r"


# --- list -----------------------------------------------------------------------------------------


def test_the_list_says_what_hangs_on_each_key(life, settings):
    some = under("t1")
    settings.FIELD_KEYS = f"{T2},{T3},{T1}"
    held.hold(keyrings.TYPED, network="192.0.2.1")
    said = facts("list")
    first, second, third = said["keys"]
    assert first == {
        "id": "t2",
        "roles": ["active"],
        "values": 1,
        "kinds": {"passwords that wait for a bot check": 1},
        "removable": False,
    }
    assert (second["roles"], second["values"], second["removable"]) == (["opens"], 0, True)
    assert (third["roles"], third["values"]) == (["opens", "digests"], some)
    assert set(third["kinds"]) == set(KINDS)
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert " t2  active; seals 1 (passwords that wait for a bot check 1)\n" in out
    assert "Key t3 is no longer used: remove it from FIELD_KEYS.\n" in out


def test_the_last_key_is_never_given_free_because_of_its_digests(life):
    out = run("rotate", "--yes")[1]
    assert "remove" not in out
    assert "Key t1 seals nothing any more, and makes the keyed digests: keep it as the last" in out
    counts = {one["what"]: one["count"] for one in facts("list")["digests"]}
    assert counts["counts of the limits"] > 0
    assert counts["codes that confirm an address, under way"] == 1
    assert counts["networks in the trail"] > 0
    assert counts["puzzles and tickets of the bot check, in open pages"] is None


def test_values_under_a_key_that_is_not_there_are_a_problem(life, settings):
    settings.FIELD_KEYS = T2
    some = under("t1")
    assert facts("list", code=3)["not_in_ring"] == {"t1": some}
    assert f" t1  not in FIELD_KEYS: {some} values do not open without it\n" in run("list")[1]


def test_what_is_no_sealed_value_is_not_printed(life):
    OutgoingMail.objects.update(recipient="hunter2 is my password: x")
    code, out, err = run("list")
    assert code == 3
    assert "hunter2" not in out + err and "no key that could be named" in out
