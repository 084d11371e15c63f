"""The migrations make what the models say, one after the other."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.support.trail import append_only

OURS = ("accounts", "audit", "mfa", "idp")

pytestmark = pytest.mark.django_db


def test_the_migrations_make_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("room", OURS)
def test_a_rooms_migrations_stand_in_one_line(room: str) -> None:
    loader = MigrationLoader(None)
    assert len(loader.graph.leaf_nodes(room)) <= 1
    numbers = sorted(name[:4] for app, name in loader.disk_migrations if app == room)
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("room", OURS)
def test_a_migration_is_named_for_what_it_does(room: str) -> None:
    names = [path.stem for path in (settings.BASE_DIR / room / "migrations").glob("[0-9]*.py")]
    assert [name for name in names if re.search(r"_auto_|_alter_|_and_more", name)] == []


def test_the_guards_of_the_trail_are_in_the_database() -> None:
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled = 'O' AND NOT tgisinternal"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = {name for (name,) in cursor.fetchall() if name.startswith("audit_")}
    statements = append_only.LOCK[connection.vendor]
    meant = {match for one in statements for match in re.findall(r"CREATE TRIGGER (\w+)", one)}
    assert found == meant
    assert meant
