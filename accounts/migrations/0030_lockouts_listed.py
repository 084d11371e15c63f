"""Which limits are full is found by an index, however many are counted: axes' rows too, whose model is
not ours."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0029_approvals"),
        ("axes", "0010_accessattemptexpiration"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lockout",
            fields=[],
            options={
                "verbose_name": "lockout",
                "verbose_name_plural": "lockouts",
                "permissions": (
                    ("clear_lockout", "Can clear lockouts of networks and of the site"),
                ),
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("accounts.tally",),
        ),
        migrations.AddIndex(
            model_name="tally",
            index=models.Index(fields=["budget", "count", "id"], name="tally_fullest"),
        ),
        migrations.RunSQL(
            "CREATE INDEX IF NOT EXISTS accounts_attempt_fullest"
            " ON axes_accessattempt (failures_since_start, id)",
            "DROP INDEX IF EXISTS accounts_attempt_fullest",
        ),
    ]
