"""When the webhook was called in vain last, and not when it is called next: each alert has a pause of its
own, and one that is new does not wait out that of another."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def forget(apps: Any, schema_editor: Any) -> None:
    """What it was before says nothing of what it is now: then it is called at once."""
    apps.get_model("audit", "AlertCheck").objects.update(call_at=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0012_keys_forgotten")]
    operations = [
        migrations.RunPython(forget, forget),
        migrations.RenameField("alertcheck", "call_at", "tried_at"),
    ]
