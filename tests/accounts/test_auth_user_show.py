"""What an operator is shown of somebody's rights, second steps and limits; no secret of any of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from mfa.models import AuthenticatorApp, RecoveryCodes
from tests.support import cast, passkey, second_steps

pytestmark = pytest.mark.django_db


def show(*options: str) -> str:
    out = StringIO()
    call_command("auth_user", "show", "alice", *options, stdout=out)
    return out.getvalue()


def facts() -> dict:
    return json.loads(show("--json"))


@pytest.fixture
def alice(db) -> User:
    alice = cast.person("alice")
    second_steps.give_app(alice)
    passkey.give(alice, passkey.Authenticator())
    alice.groups.set(Group.objects.filter(name__in=["support", "viewer"]))
    alice.user_permissions.add(Permission.objects.get(codename="switch_user"))
    User.objects.filter(pk=alice.pk).update(
        is_staff=True, staff_until=datetime(2099, 3, 15, tzinfo=UTC)
    )
    return alice


def test_rights_are_shown_with_their_end(alice):
    said = show()
    assert "Staff      staff, until 2099-03-14 (UTC)" in said
    assert "Roles      support, viewer" in said and "Besides    accounts.switch_user" in said
    found = facts()
    assert found["roles"] == ["support", "viewer"]
    assert found["permissions"] == ["accounts.switch_user"]
    assert found["staff_until"] == "2099-03-15T00:00:00+00:00"


def test_second_steps_are_shown_and_no_secret_of_theirs(alice):
    said, found = show(), facts()
    assert "Two-step   on" in said
    for what in (
        "Step       Authenticator app “",
        "Step       Passkey “",
        "Step       Recovery codes",
    ):
        assert what in said
    assert [one["what"] for one in found["second_steps"]] == [
        "Passkey", "Authenticator app", "Recovery codes",
    ]  # fmt: skip
    assert all(one.keys() == {"what", "name", "added_at", "last_used_at", "note"}
               for one in found["second_steps"])  # fmt: skip
    app = AuthenticatorApp.objects.get(user=alice)
    kept = [str(value) for value in vars(app).values() if isinstance(value, (bytes, memoryview))]
    kept += [str(value) for value in vars(RecoveryCodes.objects.get(user=alice)).values()
             if isinstance(value, (bytes, memoryview))]  # fmt: skip
    assert not any(secret in said + json.dumps(found) for secret in kept)


def test_what_a_person_calls_a_step_moves_no_terminal(alice):
    AuthenticatorApp.objects.update(name="x\x1b[2J\u202ey\nz")
    said = show()
    assert "\x1b" not in said and "\u202e" not in said and "\\u001b[2J" in said


def test_own_limits_are_shown(alice, clock):
    until = timezone.now() + timedelta(days=3)
    User.objects.filter(pk=alice.pk).update(
        frozen_until=until, resets_need_proof=True, passkey_for_changes=True, recovery_days=21
    )
    said = show()
    assert f"Own limit  no sign-ins until {until:%Y-%m-%d}" in said and "(over)" not in said
    assert "Own limit  no password reset by a letter alone" in said
    assert "Own limit  changes take a passkey" in said
    assert "Own limit  21 days to wait for a new second step" in said
    assert facts()["limits"] == {
        "frozen_until": until.isoformat(), "resets_need_proof": True,
        "passkey_for_changes": True, "recovery_days": 21,
    }  # fmt: skip
    clock.forward(days=4)
    assert "(over)" in show()


def test_of_somebody_without_any_the_lines_say_so(db):
    cast.person("alice")
    said = show()
    assert "Staff      none" in said and "Roles      none" in said and "Two-step   off" in said
    assert "Own limit" not in said and "Step  " not in said and "Besides" not in said
