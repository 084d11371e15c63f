"""What all commands of operators refuse alike, and whom they mean: no option is swallowed, and people
are named as events and alerts name them too."""

from __future__ import annotations

import json

import pytest
from django.core.management import get_commands, load_command_class

from accounts.management.operator import OperatorCommand
from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast, commands
from tests.support.roads import by_password
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REASON = ("--reason", "ticket 4411")


def done(what: str, other: str, action: str) -> str:
    return f"{what} goes with {other}, not with {action}. Nothing was done."


@pytest.mark.parametrize(
    ("command", "options", "other"),
    [
        ("auth_events heads", ["--output", "heads.txt"], "export"),
        ("auth_events verify", ["--from", "2026-11-28"], "export"),
        ("auth_events verify", ["--format", "json"], "export"),
        ("auth_events export", ["--heads", "FILE"], "verify"),
        ("auth_events export", ["--batch-size", "2000"], "prune"),
        ("auth_user show alice", ["--role", "support"], "grant or revoke"),
        ("auth_user unlock alice", ["--superuser", *REASON], "grant or revoke"),
        ("auth_alerts run", ["--state", "new"], "list"),
        ("auth_alerts list", ["--dry-run"], "run"),
        ("auth_keys list", ["--yes"], "rotate"),
        ("auth_breached check", ["--least", "1"], "load"),
        ("auth_breached load FILE", ["--full"], "check"),
        ("auth_network list", ["--note", "why"], "allow or deny or remove"),
        ("auth_network remove 12", ["--for", "7d"], "allow or deny"),
        ("auth_network allow 192.0.2.1", ["--all"], "list"),
    ],
)
def test_an_option_of_another_action_is_refused(
    alice, tmp_path, monkeypatch, command, options, other
):
    """Also where it says what would be so without it."""
    monkeypatch.chdir(tmp_path)
    name, action, *more = command.split()
    assert commands.run(name, action, *more, *options) == (done(options[0], other, action), 2)
    assert not Entry.objects.exists() and not list(tmp_path.iterdir())


def test_to_show_somebody_takes_no_reason(alice):
    said, code = commands.run("auth_user", "show", "alice", *REASON)
    assert code == 2 and said.startswith("--reason goes with unlock or grant or revoke or ")
    assert commands.run("auth_network", "list", "192.0.2.1")[1] == 2


def with_actions() -> list[tuple[str, list[str]]]:
    """Each of our commands that has several actions, with them."""
    found = []
    for name, app in get_commands().items():
        if app in ("accounts", "audit", "mfa", "idp") and name.startswith("auth_"):
            command = load_command_class(app, name)
            parser = command.create_parser("manage.py", name)
            (what,) = [one for one in parser._actions if one.dest == "what"] or [None]
            if what is not None and len(what.choices) > 1:
                assert isinstance(command, OperatorCommand)
                found.append((name, sorted(what.choices)))
    return found


OF_ALL = {"json", "quiet", "what", "identifier", "network", "file", "scope", "help"}
OF_DJANGO = {"version", "verbosity", "settings", "pythonpath", "traceback", "no_color"}


def test_each_option_of_a_command_with_actions_says_with_which_it_goes():
    """One that nobody said it of would be swallowed by the others."""
    names = with_actions()
    assert {name for name, _actions in names} >= {"auth_events", "auth_user", "auth_alerts"}
    for name, actions in names:
        command = load_command_class("accounts", name)
        parser = command.create_parser("manage.py", name)
        known = {one.dest for one in parser._actions} - OF_ALL - OF_DJANGO
        known -= {"force_color", "skip_checks"}
        assert known == set(command.belonging), name
        for _flag, goes_with, _default in command.belonging.values():
            assert set(goes_with) < set(actions), name


# --- whom they mean -------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", [str, str.upper, lambda typed: f" {typed} "])
def test_people_are_found_by_the_identifier_that_alerts_and_exports_show(alice, spelled):
    who = spelled(alice.subject_id)
    assert json.loads(commands.run("auth_user", "show", who, "--json")[0])["username"] == "alice"
    by_password(Visitor(), "alice")
    assert commands.run("auth_user", "signout", who, *REASON, "--yes")[1] == 0
    assert not Session.objects.filter(user=alice).exists()
    assert commands.run("auth_explain", who)[1] == 0
    row = Entry.objects.get(event=Event.SIGN_IN_EXPLAINED)
    assert row.subject_id == alice.subject_id
    assert commands.run("auth_password", "demand", who, *REASON)[1] == 0
    assert User.objects.get().password_must_change is not None


def test_a_username_that_is_spelled_like_an_identifier_is_nobody_elses(alice):
    mallory = cast.person(alice.subject_id, email="mallory@example.org")
    said, _code = commands.run("auth_user", "show", alice.subject_id, "--json")
    assert json.loads(said)["username"] == "alice"
    said, _code = commands.run("auth_user", "show", mallory.email, "--json")
    assert json.loads(said)["id"] == mallory.pk


def test_nobody_has_that_identifier(alice):
    nobody = "Nobody has this confirmed address, username or public identifier."
    missing = "11111111-1111-4111-8111-111111111111"
    assert commands.run("auth_user", "show", missing) == (nobody, 1)
    said = f"{nobody} Nothing was changed."
    assert commands.run("auth_user", "signout", missing, *REASON, "--yes") == (said, 1)
    assert commands.run("auth_explain", missing)[1] == 3
