"""First words about second steps move to where those about everything wait."""

from django.db import migrations

PERMISSIONS = {
    "shorten": "mfa.shorten_recoveryrequest",
    "reopen": "mfa.shorten_recoveryrequest",
    "remove": "mfa.remove_second_step",
}


def move(apps, schema_editor):
    former, now = apps.get_model("mfa", "Approval"), apps.get_model("accounts", "Approval")
    for row in former.objects.filter(act__in=PERMISSIONS):
        now.objects.create(
            act=row.act,
            permission=PERMISSIONS[row.act],
            person_id=row.person_id,
            about=row.about,
            asked_by_id=row.asked_by_id,
            reason=row.reason,
            asked_at=row.asked_at,
            credentials_version=row.credentials_version,
        )


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0029_approvals"),
        ("mfa", "0004_trusted_on_device"),
    ]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.DeleteModel(name="Approval"),
    ]
