"""On PostgreSQL the site may run as a role that cannot change the trail (deploy/postgresql)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import Error, connection, transaction

from audit import trail
from audit.chain import linking, segments, verifying
from audit.events import Event
from audit.models import Entry, Segment

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        "postgresql" not in settings.DATABASES["default"]["ENGINE"],
        reason="Rights of a role are PostgreSQL's: whoever may write to a file of SQLite owns it.",
    ),
]

ALICE = "11111111-1111-4111-8111-111111111111"
SITE, WORKER = "tests_site_role", "tests_worker_role"
RIGHTS = settings.BASE_DIR / "deploy" / "postgresql" / "rights.sql"


@pytest.fixture
def roles(clock) -> Iterator[None]:
    """One closed and told segment, and the roles as the document makes them."""
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    clock.forward(days=1)
    segments.close(1)
    segments.tell(1)
    statements = re.sub(r"^--.*$", "", RIGHTS.read_text(), flags=re.MULTILINE)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {SITE}")
        cursor.execute(f"CREATE ROLE {WORKER}")
        cursor.execute(statements.replace(':"site"', SITE).replace(':"worker"', WORKER))
    yield
    become("NONE")


def become(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")


def refused(statement: str) -> None:
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("role", [SITE, WORKER])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET event = 'another'",
        "UPDATE audit_entry SET mac = ''",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_rows ON audit_entry",
        "CREATE OR REPLACE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN OLD; END'",
        "SET session_replication_role = replica",
        "DROP TABLE audit_entry",
        "UPDATE audit_segment SET seal = 'another'",
        "DELETE FROM audit_segment",
        "TRUNCATE audit_segment",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET sequence = 0",
        "TRUNCATE audit_head",
        "INSERT INTO audit_entry SELECT * FROM audit_entry",
        "ALTER TABLE audit_entry DROP CONSTRAINT entry_place",
    ],
)
def test_neither_role_can(roles, role, statement) -> None:
    become(role)
    refused(statement)
    assert Entry.objects.get().event == "account.signed_in"
    assert Segment.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET sequence = 7, seal = 'x' WHERE sequence IS NULL",
        "DELETE FROM audit_entry WHERE sequence = 1",
        "INSERT INTO audit_segment(first, last, seal, began_at, ended_at, closed_at, pruned_at, mac)"
        " SELECT first, 1000, seal, began_at, ended_at, closed_at, closed_at, mac FROM audit_segment",
        "UPDATE audit_segment SET pruned_at = closed_at",
        "UPDATE audit_segment SET told_at = NULL",
        "UPDATE audit_head SET sequence = 900",
        "UPDATE audit_subjectkey SET key = ''",
        "DELETE FROM audit_subjectkey",
        "INSERT INTO audit_subjectkey(subject_id, key, created_at) SELECT subject_id, '', created_at"
        " FROM audit_subjectkey ON CONFLICT (subject_id) DO UPDATE SET key = ''",
    ],
)
def test_pages_take_nothing_away_and_place_nothing(roles, statement) -> None:
    """It said that a stretch was pruned, and might then delete it; and with a key go texts for good."""
    become(SITE)
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    refused(statement)
    assert Entry.objects.count() == 2


def test_pages_can_write_and_read_it(roles) -> None:
    become(SITE)
    trail.record(Event.SIGNED_OUT, subject="22222222-2222-4222-8222-222222222222", label="bob")
    assert trail.entries_of("22222222-2222-4222-8222-222222222222", limit=1)[0].label == "bob"


def test_the_worker_can_do_all_that_it_does(roles, clock) -> None:
    become(WORKER)
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    trail.forget(ALICE)
    assert linking.link() == 1
    clock.forward(days=1)
    assert segments.close(1) == 1
    assert segments.tell(10) == 1
    clock.forward(days=1000)
    assert segments.prune_due(500) == 1
    assert verifying.verify().findings == []
