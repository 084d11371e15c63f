"""What the roles that come with the site may do about second steps."""

from django.db import migrations

from accounts.migrations import _roles

READING = ["mfa.view_recoveryrequest"]
GUARDING = ["mfa.shorten_recoveryrequest", "mfa.remove_method", "mfa.remove_second_step"]
ROLES = {
    "viewer": READING,
    "support": READING,
    "security": [*READING, *GUARDING],
    "administrator": [*READING, *GUARDING],
}
# By these the groups that came with the site are told from an operator's own of the same name.
MARKS = {
    "viewer": "accounts.view_jobrun",
    "support": "accounts.sign_out_user",
    "security": "audit.view_addresses",
    "administrator": "accounts.grant_staff",
}


def roles(apps, schema_editor):
    _roles.permissions_exist(apps, schema_editor, ("mfa",))
    _roles.widen(apps, ROLES, if_they_have=MARKS)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0033_roles"),
        ("mfa", "0006_remove_method"),
    ]

    operations = [migrations.RunPython(roles, migrations.RunPython.noop)]
