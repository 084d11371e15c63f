"""Who never signed in, and who has not for long, is found by an index among a million. On PostgreSQL
nobody who signs in waits for it to be made."""

from typing import Any

from django.db import migrations, models

INDEX = models.Index(fields=["last_login", "id"], name="person_last_login")


def add(apps: Any, schema_editor: Any) -> None:
    User = apps.get_model("accounts", "User")
    if schema_editor.connection.vendor == "postgresql":
        # One that was broken off lies there, and is of no use.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX.name}")
        schema_editor.execute(INDEX.create_sql(User, schema_editor, concurrently=True))
    else:
        schema_editor.add_index(User, INDEX)


def remove(apps: Any, schema_editor: Any) -> None:
    schema_editor.remove_index(apps.get_model("accounts", "User"), INDEX)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0038_forms_unsent_index")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, remove)],
            state_operations=[migrations.AddIndex(model_name="user", index=INDEX)],
        )
    ]
