"""Entries from before there were macs get theirs from the migration, which carries what a mac was: it
means the same whatever the chain's own code becomes."""

from __future__ import annotations

import ast
import importlib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from audit import keys, trail
from audit.chain import linking, seals, verifying
from audit.events import Event
from audit.models import Entry, SubjectKey
from tests.support.trail import request_from, unguarded

pytestmark = pytest.mark.django_db
migration = importlib.import_module("audit.migrations.0003_chain")

ALICE = "11111111-1111-4111-8111-111111111111"
ROW = (
    *("account.signed_in", datetime(2026, 11, 25, 12, 20, tzinfo=UTC), ALICE, ALICE),
    *("00ff00ff00ff00ff", ALICE, "ab" * 32, "cd" * 32),
    *({"method": "password", "é": [3, True]}, b"\x00sealed"),
)


def bare_again(sql) -> None:
    sql("UPDATE audit_entry SET mac = %s", b"")


@pytest.mark.parametrize("key", ["as it is kept", "made by the migration"])
def test_an_old_trail_gets_its_macs_and_holds(key) -> None:
    trail.record(Event.SIGNED_IN, subject=ALICE, request=request_from(), method="password")
    trail.record(Event.SIGN_IN_FAILED, label="é\x1f", reason="unknown_account")
    before = list(Entry.objects.order_by("id").values_list("mac", flat=True))
    with unguarded() as sql:
        bare_again(sql)
        if key == "made by the migration":
            SubjectKey.objects.filter(subject_id=seals.NAME).delete()
            keys.known.keys.clear()
        migration.write_macs(apps, SimpleNamespace(connection=connection))
    after = list(Entry.objects.order_by("id").values_list("mac", flat=True))
    assert (list(map(bytes, after)) == list(map(bytes, before))) is (key == "as it is kept")
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    assert linking.link() == 3
    assert (verifying.verify().verified, verifying.verify().findings) == (3, [])


def test_a_trail_that_has_them_all_gets_no_key() -> None:
    migration.write_macs(apps, SimpleNamespace(connection=connection))
    assert not SubjectKey.objects.exists()


def test_it_says_what_it_said_when_it_was_written() -> None:
    assert migration.mac_of(bytes(range(32)), *ROW).hex() == "afc2201b1da19860d6b6f7ae2d916adb"
    key = seals.keys_of(bytes(range(32))).entries
    assert migration.mac_of(bytes(range(32)), *ROW) == seals.mac(key, ROW)


def test_it_asks_nothing_of_what_may_change() -> None:
    """The keys alone: the one that it may make is to open for whatever reads it later."""
    names = {
        f"{node.module}.{one.name}"
        for node in ast.walk(ast.parse(Path(migration.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    assert {name for name in names if name.startswith(("audit", "accounts"))} == {"audit.keys"}
