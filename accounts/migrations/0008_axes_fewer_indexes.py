"""Each failure and each sign-in writes a row of axes and deletes it, and with it one entry in each
index. Those of one column serve nothing here: rows are found by the unique triple (its first column
is the name), or by their time; the agent is always empty."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE = "axes_accessattempt"
OF_NO_USE = ("username", "ip_address", "user_agent")


def drop(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        found = editor.connection.introspection.get_constraints(cursor, TABLE)
    quoted = editor.quote_name
    for name, about in found.items():
        if about["index"] and not about["unique"] and about["columns"] in [[c] for c in OF_NO_USE]:
            editor.execute(f"DROP INDEX {quoted(name)}")


def make(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for column in OF_NO_USE:
        name = editor.quote_name(f"{TABLE}_{column}_again")
        table, quoted = editor.quote_name(TABLE), editor.quote_name(column)
        editor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({quoted})")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_known_devices_by_key"),
        ("axes", "0010_accessattemptexpiration"),
    ]

    operations = [migrations.RunPython(drop, make)]
