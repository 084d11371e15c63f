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
ROLE = "tests_site_role"
RIGHTS = settings.BASE_DIR / "deploy" / "postgresql" / "rights.sql"


@pytest.fixture
def as_the_site(clock) -> Iterator[None]:
    """One closed and told segment; then we are the site's role, as the document makes it."""
    trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()
    clock.forward(days=1)
    segments.close(1)
    segments.tell(1)
    statements = re.sub(r"^--.*$", "", RIGHTS.read_text(), flags=re.MULTILINE)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(statements.replace(':"site"', ROLE))
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


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
def test_the_role_cannot(as_the_site, statement) -> None:
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get().event == "account.signed_in"
    assert Segment.objects.exists()


def test_it_can_do_all_that_the_site_does(as_the_site, clock) -> None:
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    assert linking.link() == 1
    clock.forward(days=1)
    assert segments.close(1) == 1
    assert segments.tell(10) == 1
    clock.forward(days=1000)
    assert segments.prune_due(500) == 1
    assert verifying.verify().findings == []
