"""Rings of keys, and what a site keeps under them."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.apps import apps
from django.core.management import CommandError, call_command

from accounts.botcheck import held
from accounts.exports import pieces
from accounts.models import ChangeSet, Phone, StaffNote, phone, staff_note
from accounts.undo import sets
from audit import trail
from audit.events import Event
from audit.keyring import Keyring
from audit.models import Entry
from mfa.devices import sent_codes
from mfa.models import AuthenticatorApp, RecoveryCode, RecoveryCodes, TextedCode
from tests.support import cast, copies, second_steps
from tests.support.environment import ENVIRONMENT
from tests.support.mailbox import Mailbox
from tests.support.trail import request_from
from tests.support.visitor import Visitor

T1 = ENVIRONMENT["FIELD_KEYS"]
T2 = "t2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA"
T3 = "t3:vF_4Ilv42djNGJsg_-r8qqqtTcV9GkFkeoK4BjPAhpU"
SECRETS = [ring.partition(":")[2] for ring in (T1, T2, T3)]
KINDS = [
    "keys of people and months in the trail",
    "sessions",
    "letters",
    "recipients of letters",
    "passwords that wait for a bot check",
    "what was before changes",
    "phone numbers of accounts",
    "notes of staff about people",
    "copies of people's data",
    "authenticator seeds",
    "keys of recovery codes",
    "telephone numbers",
]
TYPED = {"password": "seven geese on the ice"}


def run(*argv: str) -> tuple[int, str, str]:
    """Exit code, results and the rest of `manage.py auth_keys …`."""
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("auth_keys", *argv, stdout=out, stderr=err)
    except CommandError as error:
        code, _ = error.returncode, err.write(str(error))
    except SystemExit as end:
        code = int(end.code or 0)
    said = out.getvalue() + err.getvalue()
    assert not [secret for secret in SECRETS if secret in said]
    return code, out.getvalue(), err.getvalue()


def facts(*argv: str, code: int = 0) -> dict[str, Any]:
    """The JSON object of a run that ends with `code`."""
    ended, out, err = run(*argv, "--json")
    assert ended == code, out + err
    found: dict[str, Any] = json.loads(out)
    assert found.pop("command") == f"auth_keys {argv[0]}"
    found.pop("seconds")
    return found


def under(key_id: str) -> int:
    return Keyring().values(key_id)


def rotated(*options: str, code: int = 0) -> dict:
    return facts("rotate", "--yes", *options, code=code)


def told() -> list[dict]:
    """What the trail has heard of it."""
    rows = Entry.objects.filter(event="command.keys_rotated").order_by("id")
    return list(rows.values_list("facts", flat=True))


def everything_stored() -> dict[str, list[tuple[Any, ...]]]:
    """Every column of every row."""
    return {
        model._meta.label: sorted(model._base_manager.values_list(), key=repr)
        for model in apps.get_models()
    }


NUMBER = "+447700900123"


class Life:
    """What is sealed when alice lives here: a session, letters, her key and the month's in the trail,
    a password that waits for a bot check, the seed of her app, her recovery codes, her numbers, a
    note about her, what was before a change, and the copy of her data."""

    def __init__(self) -> None:
        self.alice = cast.person("alice")
        second_steps.give_app(self.alice)
        sent_codes.row_of(self.alice, NUMBER).save()
        phone.row_of(self.alice.pk, NUMBER).save()
        staff_note.row_of(self.alice.pk, "", "called").save()
        self.browser = Visitor()
        self.browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
        code = second_steps.code_of(self.alice)
        self.browser.post("/accounts/mfa/authenticate/", {"method": "app", "code": code})
        self.browser.post("/accounts/email/", {"action_add": "", "email": "a2@example.org"})
        Visitor().post("/accounts/password/reset/", {"login": "alice"})
        self.held = held.hold(TYPED, network="192.0.2.1")
        sets.begin(self.alice, "password").keep()
        self.copy = copies.resting(self.alice, b"her data")
        trail.record(Event.SIGNED_OUT, subject=self.alice, request=request_from(), label="al")

    def is_whole(self) -> None:
        """All of it opens."""
        app = AuthenticatorApp.objects.get()
        assert app.verify_token(second_steps.as_if_later(self.alice))
        codes = RecoveryCodes.objects.get()
        unused = RecoveryCode.objects.filter(used_at=None).count()
        assert codes.verify_token(second_steps.CODES[10 - unused])
        assert TextedCode.objects.get().opened_number == NUMBER
        assert Phone.objects.get().opened_number == NUMBER
        assert StaffNote.objects.get().opened_text == "called"
        assert self.browser.get("/accounts/").status_code == 200
        letter = Mailbox().latest()
        assert letter.to and letter.text
        lines = trail.entries_of(self.alice.subject_id)
        assert lines and all(line.readable for line in lines)
        assert (lines[0].label, lines[0].address) == ("al", "203.0.113.7")
        assert trail.address_digests("203.0.113.7")
        assert sets.former_of(ChangeSet.objects.get())["password"] == self.alice.password
        assert b"".join(pieces.read(self.copy)) == b"her data"
        assert held.fetch(self.held) == TYPED
        self.held = held.hold(TYPED, network="192.0.2.1")
