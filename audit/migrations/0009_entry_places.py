"""The database refuses every place but the next one (docs/trail.md).

An entry at place 0, or where something was pruned, is in no chain: `verify` walked past it, and the
guard let it be deleted. So an entry is written without a place, gets the one after the end of the chain,
and the note of where the chain ends goes forward alone, to an entry that is there.

The constraint is not validated here: that reads the whole table, and here it would do so under the lock
that adding it takes (0010). SQLite would copy the table to get it; its guards say the same.
"""

from __future__ import annotations

import importlib
from typing import Any

from django.db import migrations, models

chain = importlib.import_module("audit.migrations.0003_chain")
TABLE, REFUSAL, SEGMENTS = chain.TABLE, chain.REFUSAL, chain.SEGMENTS
ENTRY_KEPT = chain.ENTRY_KEPT
HEAD = "audit_head"
GUARDED = (TABLE, SEGMENTS, HEAD)

# The worker places many in one transaction, and moves the note of the end behind the last of them.
_NEXT = (
    f"NEW.sequence > COALESCE((SELECT sequence FROM {HEAD}), 0)"  # noqa: S608 - constants of this file
    f" AND (NEW.sequence = COALESCE((SELECT sequence FROM {HEAD}), 0) + 1"
    f" OR EXISTS (SELECT 1 FROM {TABLE} WHERE sequence = NEW.sequence - 1))"
)
_FORWARD = (
    "NEW.id = OLD.id AND NEW.sequence > OLD.sequence AND EXISTS"  # noqa: S608 - constants of this file
    f" (SELECT 1 FROM {TABLE} WHERE sequence = NEW.sequence AND seal = NEW.seal)"
)

POSTGRESQL_PLACES = [
    f"""
    CREATE OR REPLACE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.sequence IS NULL AND OLD.seal IS NULL
                AND NEW.sequence IS NOT NULL AND NEW.seal IS NOT NULL
                AND to_jsonb(NEW) - 'sequence' - 'seal' = to_jsonb(OLD) - 'sequence' - 'seal'
                AND {_NEXT}
            THEN
                RETURN NEW;
            END IF;
        ELSIF TG_OP = 'DELETE' THEN
            IF {chain._PRUNED} THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER audit_entry_placed BEFORE INSERT ON {TABLE}
    FOR EACH ROW WHEN (NEW.sequence IS NOT NULL OR NEW.seal IS NOT NULL)
    EXECUTE FUNCTION audit_entry_guard()
    """,
    f"""
    CREATE FUNCTION audit_head_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF {_FORWARD} THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER audit_head_rows BEFORE UPDATE OR DELETE ON {HEAD}
    FOR EACH ROW EXECUTE FUNCTION audit_head_guard()
    """,
    f"""
    CREATE TRIGGER audit_head_table BEFORE TRUNCATE ON {HEAD}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_head_guard()
    """,
]
POSTGRESQL_LOCK = [*chain.POSTGRESQL_LOCK, *POSTGRESQL_PLACES]
POSTGRESQL_UNLOCK = [
    f"DROP TRIGGER audit_head_rows ON {HEAD}",
    f"DROP TRIGGER audit_head_table ON {HEAD}",
    "DROP FUNCTION audit_head_guard()",
    f"DROP TRIGGER audit_entry_placed ON {TABLE}",
    *chain.POSTGRESQL_UNLOCK,
]

_ABORT = chain._ABORT
SQLITE_LOCK = [
    f"""
    CREATE TRIGGER audit_entry_update BEFORE UPDATE ON {TABLE}
    WHEN NOT (
        OLD.sequence IS NULL AND OLD.seal IS NULL
        AND NEW.sequence IS NOT NULL AND NEW.seal IS NOT NULL
        AND {chain._SAME}
        AND typeof(NEW.sequence) = 'integer'
        AND {_NEXT}
    ) {_ABORT}
    """,
    chain.SQLITE_LOCK[1],
    # INSERT OR REPLACE deletes the row in its way without asking the trigger above.
    f"""
    CREATE TRIGGER audit_entry_replace BEFORE INSERT ON {TABLE}
    WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)
        OR NEW.sequence IS NOT NULL OR NEW.seal IS NOT NULL
    {_ABORT}
    """,  # noqa: S608 - constants of this file
    *chain.SQLITE_LOCK[3:],
    f"""
    CREATE TRIGGER audit_head_update BEFORE UPDATE ON {HEAD}
    WHEN NOT (typeof(NEW.sequence) = 'integer' AND {_FORWARD}) {_ABORT}
    """,
    f"CREATE TRIGGER audit_head_delete BEFORE DELETE ON {HEAD} {_ABORT}",
    f"""
    CREATE TRIGGER audit_head_replace BEFORE INSERT ON {HEAD}
    WHEN EXISTS (SELECT 1 FROM {HEAD}) {_ABORT}
    """,  # noqa: S608 - constants of this file
]
SQLITE_UNLOCK = [
    "DROP TRIGGER audit_head_update",
    "DROP TRIGGER audit_head_delete",
    "DROP TRIGGER audit_head_replace",
    *chain.SQLITE_UNLOCK,
]

LOCK = {"postgresql": POSTGRESQL_LOCK, "sqlite": SQLITE_LOCK}
UNLOCK = {"postgresql": POSTGRESQL_UNLOCK, "sqlite": SQLITE_UNLOCK}
_ADD = f"ALTER TABLE {TABLE} ADD CONSTRAINT entry_place CHECK (sequence >= 1) NOT VALID"
_DROP = f"ALTER TABLE {TABLE} DROP CONSTRAINT entry_place"


def lock(apps: Any, schema_editor: Any) -> None:
    for statement in LOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unlock(apps: Any, schema_editor: Any) -> None:
    for statement in UNLOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def add(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_ADD)


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_DROP)


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_alert_calls")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, drop)],
            state_operations=[
                migrations.AddConstraint(
                    model_name="entry",
                    constraint=models.CheckConstraint(
                        condition=models.Q(sequence__gte=1), name="entry_place"
                    ),
                ),
            ],
        ),
        migrations.RunPython(chain.unlock, chain.lock),
        migrations.RunPython(lock, unlock),
    ]
