"""The database refuses to change or delete an entry, whoever asks (docs/decisions/0001).

One change passes: a row that has neither sequence nor seal is given both, and nothing else of it
changes. SQLite loses triggers when a later migration rebuilds the table: such a migration runs this
one's `lock` again at its end, and tests/audit/test_append_only.py fails until it does.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

TABLE = "audit_entry"
REFUSAL = "audit entries are append-only"
KEPT = (
    "id",
    "event",
    "at",
    "actor_id",
    "subject_id",
    "request_id",
    "facts",
    "personal_key",
    "personal",
    "ip_digest",
    "network_digest",
)

POSTGRESQL_LOCK = [
    f"""
    CREATE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.sequence IS NULL AND OLD.seal IS NULL
                AND NEW.sequence IS NOT NULL AND NEW.seal IS NOT NULL
                AND to_jsonb(NEW) - 'sequence' - 'seal' = to_jsonb(OLD) - 'sequence' - 'seal'
            THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER audit_entry_rows BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_entry_guard()
    """,
    f"""
    CREATE TRIGGER audit_entry_table BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_guard()
    """,
]
POSTGRESQL_UNLOCK = [
    f"DROP TRIGGER audit_entry_rows ON {TABLE}",
    f"DROP TRIGGER audit_entry_table ON {TABLE}",
    "DROP FUNCTION audit_entry_guard()",
]

_SAME = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in KEPT)
_ABORT = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
SQLITE_LOCK = [
    f"""
    CREATE TRIGGER audit_entry_update BEFORE UPDATE ON {TABLE}
    WHEN NOT (
        OLD.sequence IS NULL AND OLD.seal IS NULL
        AND NEW.sequence IS NOT NULL AND NEW.seal IS NOT NULL
        AND {_SAME}
    ) {_ABORT}
    """,
    f"CREATE TRIGGER audit_entry_delete BEFORE DELETE ON {TABLE} {_ABORT}",
    # INSERT OR REPLACE deletes the row in its way without asking the trigger above.
    f"""
    CREATE TRIGGER audit_entry_replace BEFORE INSERT ON {TABLE}
    WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)
        OR NEW.sequence IS NOT NULL
        AND EXISTS (SELECT 1 FROM {TABLE} WHERE sequence = NEW.sequence)
    {_ABORT}
    """,  # noqa: S608 - constants of this file
]
SQLITE_UNLOCK = [
    "DROP TRIGGER audit_entry_update",
    "DROP TRIGGER audit_entry_delete",
    "DROP TRIGGER audit_entry_replace",
]

LOCK = {"postgresql": POSTGRESQL_LOCK, "sqlite": SQLITE_LOCK}
UNLOCK = {"postgresql": POSTGRESQL_UNLOCK, "sqlite": SQLITE_UNLOCK}


def lock(apps: Any, schema_editor: Any) -> None:
    for statement in LOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unlock(apps: Any, schema_editor: Any) -> None:
    for statement in UNLOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(lock, unlock)]
