"""An operator looks at one account, asks why its owner cannot sign in, and opens it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from accounts.models import Session, Tally, User
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_gates import HERE, on_this_network, paused, stopped, switched_off
from tests.accounts.test_known_devices import known
from tests.accounts.test_lockout import guess
from tests.support import cast
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REASON = ("--reason", "ticket 4411")


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


def run(command: str, *arguments: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command(command, *arguments, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = ended.code
    return out.getvalue(), code


def refused(command: str, *arguments: str) -> tuple[str, int]:
    with pytest.raises(CommandError) as error:
        run(command, *arguments)
    return str(error.value), error.value.returncode


def busy(*_args: object) -> object:
    raise OperationalError("database is locked")


@pytest.mark.parametrize(
    "command", [("auth_user", "show", "alice"), ("auth_user", "unlock", "alice", *REASON, "--yes"),
                ("auth_explain", "alice"), ("auth_network", "list"), ("auth_hashes", "report")]
)  # fmt: skip
def test_while_the_database_is_locked_a_command_says_so_and_ends_with_75(alice, command):
    with connection.execute_wrapper(busy):
        said, code = refused(*command)
    assert code == 75 and "database is locked" in said and "Try again." in said


def unlocks():
    return Entry.objects.filter(event=Event.UNLOCKED_BY_STAFF)


# --- auth_explain ---------------------------------------------------------------------------------


def test_an_open_account_ends_with_0_and_a_closed_one_with_3(alice, clock, settings):
    said, code = run("auth_explain", "alice")
    assert code == 0 and "Nothing stands in the way." in said and "CLOSED" not in said
    stopped(clock, settings)
    said, code = run("auth_explain", "alice@example.org")
    assert code == 3 and " CLOSED Too many wrong passwords in a row" in said
    assert "To the caller: Check the address and the password." in said
    assert run("auth_explain", "alice", "--quiet") == ("", 3)


def test_the_object_has_every_gate_and_no_infinity(alice, clock, settings):
    stopped(clock, settings)
    said, code = run("auth_explain", "alice", "--json")
    facts = json.loads(said, parse_constant=pytest.fail)
    assert (facts["command"], facts["open"], code) == ("auth_explain", False, 3)
    gates = {gate["gate"]: gate for gate in facts["gates"]}
    assert gates.keys() > {"network_rule", "known_devices", "exists"} and gates["active"]["open"]
    assert gates["strangers"] | {"sentence": ""} == {
        "gate": "strangers", "open": False, "reason": "stopped", "seconds": None,
        "sentence": "", "fix": "unlock", "first": False,
    }  # fmt: skip


def test_an_address_and_a_proof_tell_more(alice, clock, settings):
    on_this_network(clock, settings)
    assert run("auth_explain", "alice")[1] == 0
    said, code = run("auth_explain", "alice", "--address", HERE, "--proved")
    assert code == 3 and said.count("for this account from this network") == 2
    said, code = refused("auth_explain", "alice", "--address", "203.0.113.0/24")
    assert code == 2 and "IPv4 or IPv6" in said


def test_a_name_that_nobody_has_is_a_closed_gate(db):
    said, code = run("auth_explain", "nobody@example.org")
    assert code == 3 and "Nobody has this address or username." in said


def test_asking_is_in_the_trail_as_an_operators(alice):
    run("auth_explain", "alice")
    row = Entry.objects.get(event=Event.SIGN_IN_EXPLAINED)
    assert (row.actor_id, row.subject_id) == ("", alice.subject_id)


# --- auth_user show -------------------------------------------------------------------------------


def test_show_prints_facts_and_no_secret(alice, clock, settings):
    browser = known()
    guess(browser, password=cast.PASSWORD)
    stopped(clock, settings)
    said, code = run("auth_user", "show", "ALICE@example.org")
    assert code == 0
    for fact in ("alice", "Alice Adams", "alice@example.org", "active", "1 known", "CLOSED"):
        assert fact in said
    facts = json.loads(run("auth_user", "show", "alice", "--json")[0])
    assert facts["command"] == "auth_user show" and facts["addresses"] == ["alice@example.org"]
    assert (facts["sessions"], facts["known_devices"]) == (1, 1)
    assert facts["closed"] == [{"limit": "strangers", "seconds": None}]
    for secret in (alice.password, browser.cookies["__Host-device"].value, "argon2", "Firefox"):
        assert secret not in said + json.dumps(facts)


def test_show_counts_no_session_that_has_run_out(alice, clock):
    guess(Visitor(), password=cast.PASSWORD)
    clock.forward(hours=12)
    assert Session.objects.filter(user=alice).exists()
    assert json.loads(run("auth_user", "show", "alice", "--json")[0])["sessions"] == 0


def test_show_tells_of_people_switched_off_without_password_or_sign_in(alice, clock, settings):
    switched_off(clock, settings)
    User.objects.update(password="!", name="")
    said, _code = run("auth_user", "show", "alice")
    assert "switched off" in said and "Password   none" in said and "never" in said
    assert "Limits     all open" in said


def test_that_it_was_shown_is_kept(alice):
    run("auth_user", "show", "alice")
    row = Entry.objects.get()
    assert (row.event, row.facts) == (
        Event.COMMAND_RUN,
        {"command": "auth_user_show", "by": "operator"},
    )
    assert (row.actor_id, row.subject_id) == ("", alice.subject_id)


@pytest.mark.parametrize("identifier", ["nobody", "nobody@example.org", "", "\x00", "é" * 9000])
@pytest.mark.parametrize("what", [["show"], ["unlock", "--yes", *REASON]])
def test_nobody_by_that_name_ends_with_1(alice, identifier, what):
    said, code = refused("auth_user", what[0], identifier, *what[1:])
    nobody = "Nobody has this confirmed address, username or public identifier."
    assert (said, code) == (nobody if what == ["show"] else f"{nobody} Nothing was changed.", 1)
    assert not unlocks()


# --- auth_user unlock -----------------------------------------------------------------------------


def test_unlock_opens_tells_and_is_kept(alice, clock, settings, mailbox):
    stopped(clock, settings)
    assert guess(Visitor(), password=cast.PASSWORD).status_code == 429
    said, code = run("auth_user", "unlock", "alice", *REASON, "--yes")
    assert (said, code) == ("Opened alice and told alice@example.org.\n", 0)
    assert guess(Visitor(), password=cast.PASSWORD).status_code == 302
    row = unlocks().get()
    assert (row.actor_id, row.subject_id) == ("", alice.subject_id)
    assert row.facts == {"reason": "ticket 4411", "by": "operator"}
    assert mailbox.kinds(alice.email) == ["failed_tries", "staff_changed"]
    assert "ticket 4411" in mailbox.latest().text


def test_unlock_as_an_object(alice, clock, settings):
    paused(clock, settings)
    facts = json.loads(run("auth_user", "unlock", "alice", *REASON, "--yes", "--json")[0])
    assert (facts["command"], facts["unlocked"]) == ("auth_user unlock", True)
    assert [each["limit"] for each in facts["closed_before"]] == ["strangers"]
    assert facts["closed_before"][0]["seconds"] > 0
    assert run("auth_user", "unlock", "alice", *REASON, "--yes", "--quiet") == ("", 0)


def test_a_dry_run_changes_nothing(alice, clock, settings, mailbox):
    stopped(clock, settings)
    before = list(Tally.objects.order_by("pk").values())
    said, code = run("auth_user", "unlock", "alice", *REASON, "--dry-run")
    assert code == 0 and "CLOSED" in said and said.endswith("Nothing was written.\n")
    assert not json.loads(run("auth_user", "unlock", "alice", *REASON, "--dry-run", "--json")[0])[
        "unlocked"
    ]
    assert list(Tally.objects.order_by("pk").values()) == before
    assert not unlocks() and mailbox.kinds() == ["failed_tries"]


@pytest.mark.parametrize(
    "reason", [[], ["--reason", ""], ["--reason", " a "], ["--reason", "x" * 401]]
)
def test_without_a_reason_nothing_is_done(alice, reason):
    said, code = refused("auth_user", "unlock", "alice", "--yes", *reason)
    assert code == 2 and "--reason" in said and not unlocks()


def test_without_yes_and_without_a_terminal_it_refuses(alice, monkeypatch):
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        said, code = refused("auth_user", "unlock", "alice", *REASON)
    assert code == 2 and "Use --yes." in said and not unlocks()


@pytest.mark.parametrize(
    ("typed", "code", "count"),
    [("Alice@example.org\n", 0, 1), ("bob@example.org\n", 1, 0), ("\n", 1, 0), ("\x04", 130, 0)],
)
def test_at_a_terminal_it_asks_for_the_address(alice, monkeypatch, typed, code, count):
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        if code:
            assert refused("auth_user", "unlock", "alice", *REASON)[1] == code
        else:
            assert run("auth_user", "unlock", "alice", *REASON)[1] == 0
    os.close(ours)
    assert unlocks().count() == count


def test_help_names_the_exits():
    for command in ("auth_user", "auth_explain"):
        done = subprocess.run(
            [sys.executable, "manage.py", command, "--help"],
            capture_output=True, text=True, check=True, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        assert "Exits with 0" in " ".join(done.stdout.split()) and "\x1b" not in done.stdout
