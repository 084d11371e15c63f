"""Old entries are measured by the constraint of 0009 too: in a transaction of its own, so that nobody
who writes waits while the table is read.

Where an entry stands at place 0 already, the constraint stays as it is, for new ones: the guards let
nobody take that entry away, and it is for `auth_events verify` to name it, not for an update to fail.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

_BELOW = "SELECT 1 FROM audit_entry WHERE sequence < 1 LIMIT 1"
_VALIDATE = "ALTER TABLE audit_entry VALIDATE CONSTRAINT entry_place"


def validate(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_BELOW)
        if cursor.fetchone() is None:
            cursor.execute(_VALIDATE)


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_entry_places")]
    operations = [migrations.RunPython(validate, migrations.RunPython.noop)]
