"""`manage.py auth_user remove-mfa`: all second steps of one account, from the command line."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Session, User
from audit.models import Entry
from mfa.models import Passkey
from tests.support import cast, recovering, second_steps
from tests.support.recovering import LOGIN, STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REASON = "ID checked, ticket 4411"
EFFECT = (
    "Removes: authenticator app, 2 passkeys, recovery codes. Ends 1 session."
    " Tells alice@example.org, alice.spare@example.org."
)


@pytest.fixture
def alice(db) -> User:
    user = recovering.lost("alice")
    for number in range(2):
        Passkey.objects.create(
            user=user,
            name="Key",
            credential_id=bytes([number]),
            public_key=b"k",
            credential_id_sha256=str(number),
        )
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    browser.post(STEP, {"method": "app", "code": second_steps.code_of(user)})
    return user


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("auth_user", "remove-mfa", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> int:
    with pytest.raises(CommandError) as raised:
        run(*arguments)
    return raised.value.returncode


def test_it_says_what_it_does_and_does_it(alice, mailbox):
    assert run("alice", "--reason", REASON, "--yes").splitlines() == [EFFECT, "Done."]
    assert not any(recovering.factors_of(alice))
    assert not Session.objects.filter(user=alice).exists()
    alice.refresh_from_db()
    assert not alice.two_step_on
    entry = Entry.objects.latest("id")
    assert entry.event == "staff.second_step_removed"
    assert (
        entry.facts == {"reason": REASON, "sessions": 1, "by": "operator", "of_staff": "no"}
        and entry.actor_id == ""
    )
    for address in ("alice@example.org", "alice.spare@example.org"):
        letter = mailbox.latest(address)
        assert letter.kind == "staff_changed" and REASON in letter.text
    assert "nothing to do" in run("alice", "--reason", REASON, "--yes")


def test_a_dry_run_changes_nothing(alice, mailbox):
    before = recovering.factors_of(alice)
    said = run("alice@example.org", "--reason", REASON, "--dry-run")
    assert said.splitlines() == [EFFECT, "Nothing was written."]
    assert recovering.factors_of(alice) == before and not mailbox.kinds()


def test_as_json(alice):
    facts: dict[str, Any] = json.loads(run("alice", "--reason", REASON, "--yes", "--json"))
    assert facts.pop("seconds") >= 0
    assert facts == {
        "command": "auth_user remove-mfa",
        "dry_run": False,
        "done": True,
        "id": alice.pk,
        "username": "alice",
        "removes": {"AuthenticatorApp": 1, "Passkey": 2, "RecoveryCodes": 1},
        "sessions_ended": 1,
    }


def test_what_is_wrong_changes_nothing_and_says_so_in_its_exit_code(alice, monkeypatch):
    before = recovering.factors_of(alice)
    assert refused("nobody", "--reason", REASON, "--yes") == 1
    assert refused("alice", "--yes") == 2
    assert refused("alice", "--reason", "x", "--yes") == 2
    assert refused("alice", "--reason", REASON) == 2  # no terminal to ask on
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: "bob@example.org")
    assert refused("alice", "--reason", REASON) == 1
    assert recovering.factors_of(alice) == before


def test_an_operator_is_asked_for_the_address(alice, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: "Alice@Example.org")
    assert run("alice", "--reason", REASON).splitlines()[-1] == "Done."
