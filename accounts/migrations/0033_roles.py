"""Roles come as groups; and whoever could change people keeps each act that this has meant so far."""

from django.db import migrations

from accounts.migrations import _roles

NOTING = ["accounts.add_staffnote"]
READING = [
    "accounts.view_user",
    "audit.view_entry",
    "audit.view_dashboard",
    "accounts.view_networkrule",
    "accounts.view_outgoingmail",
    "accounts.view_jobrun",
    "accounts.view_lockout",
    "accounts.view_staffnote",
]
HELPING = [
    "accounts.unlock_user",
    "accounts.sign_out_user",
    "accounts.send_reset_letter",
    "accounts.resend_confirmation",
    "accounts.cancel_deletion",
    "accounts.retry_outgoingmail",
]
GUARDING = [
    "audit.export_entries",
    "audit.view_addresses",
    "accounts.add_networkrule",
    "accounts.change_networkrule",
    "accounts.clear_lockout",
    "accounts.switch_user",
    "accounts.demand_password",
    "accounts.lift_hold",
    "accounts.lift_limits",
]
ROLES = {
    "viewer": [*READING, "audit.export_entries"],
    "support": [*READING, *NOTING, *HELPING],
    "security": [*READING, *NOTING, *GUARDING],
    "administrator": [
        *READING,
        *NOTING,
        *HELPING,
        *GUARDING,
        "accounts.change_user",
        "accounts.grant_staff",
    ],
}
FORMER = "accounts.change_user"
MEANT = [
    "accounts.unlock_user",
    "accounts.send_reset_letter",
    "accounts.cancel_deletion",
    "accounts.switch_user",
    "accounts.demand_password",
    "accounts.lift_hold",
    "accounts.lift_limits",
]


def roles(apps, schema_editor):
    _roles.permissions_exist(apps, schema_editor, ("accounts", "audit"))
    (former,) = _roles.named(apps, [FORMER])
    meant = _roles.named(apps, MEANT)
    for group in apps.get_model("auth", "Group").objects.filter(permissions=former):
        group.permissions.add(*meant)
    for person in apps.get_model("accounts", "User").objects.filter(user_permissions=former):
        person.user_permissions.add(*meant)
    _roles.make(apps, ROLES)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0032_staff_acts"),
        ("audit", "0005_daily_gauges"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(roles, migrations.RunPython.noop)]
