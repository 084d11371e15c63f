"""Apart from its columns, which lock the table for a moment: making it reads all sessions, and on
PostgreSQL nobody who writes one waits for that."""

from typing import Any

from django.db import migrations, models

INDEX = models.Index(
    condition=models.Q(("unsent_until__isnull", False)),
    fields=["unsent_until"],
    name="session_with_a_form_unsent",
)


def add(apps: Any, schema_editor: Any) -> None:
    Session = apps.get_model("accounts", "Session")
    if schema_editor.connection.vendor == "postgresql":
        # One that was broken off lies there, and is of no use.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX.name}")
        schema_editor.execute(INDEX.create_sql(Session, schema_editor, concurrently=True))
    else:
        schema_editor.add_index(Session, INDEX)


def remove(apps: Any, schema_editor: Any) -> None:
    schema_editor.remove_index(apps.get_model("accounts", "Session"), INDEX)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0037_forms_unsent")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, remove)],
            state_operations=[migrations.AddIndex(model_name="session", index=INDEX)],
        )
    ]
