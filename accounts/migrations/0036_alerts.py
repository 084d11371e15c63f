"""Who of the roles that come with the site sees alerts, and who handles them."""

from django.db import migrations

from accounts.migrations import _roles

READING = ["audit.view_alert"]
GUARDING = [*READING, "audit.handle_alert"]
ROLES = {
    "viewer": READING,
    "support": READING,
    "security": GUARDING,
    "administrator": GUARDING,
}
# By these the groups that came with the site are told from an operator's own of the same name.
MARKS = {
    "viewer": "accounts.view_jobrun",
    "support": "accounts.sign_out_user",
    "security": "audit.view_addresses",
    "administrator": "accounts.grant_staff",
}


def roles(apps, schema_editor):
    _roles.permissions_exist(apps, schema_editor, ("audit",))
    _roles.widen(apps, ROLES, if_they_have=MARKS)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0035_words_end_with_access"),
        ("audit", "0007_alerts"),
    ]

    operations = [migrations.RunPython(roles, migrations.RunPython.noop)]
