import datetime
import django.db.models.expressions
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_password_must_change"),
    ]

    operations = [
        migrations.CreateModel(
            name="NetworkRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("allow", "Allow"), ("deny", "Deny")],
                        max_length=5,
                        verbose_name="kind",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("site", "Whole site"), ("admin", "Staff pages only")],
                        default="site",
                        max_length=5,
                        verbose_name="place",
                    ),
                ),
                ("network", models.CharField(max_length=43, verbose_name="network")),
                ("note", models.CharField(max_length=400, verbose_name="note")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="added"
                    ),
                ),
                ("created_by", models.CharField(blank=True, editable=False, max_length=36)),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="runs out")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                ("ended_by", models.CharField(blank=True, editable=False, max_length=36)),
                (
                    "end_note",
                    models.CharField(
                        editable=False, max_length=400, verbose_name="why it was ended"
                    ),
                ),
            ],
            options={
                "verbose_name": "network rule",
                "verbose_name_plural": "network rules",
                "default_permissions": ("view", "add", "change"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["kind", "ends_at"],
                        name="network_rules_standing",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["allow", "deny"])),
                        name="network_rule_has_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("scope__in", ["site", "admin"])),
                        name="network_rule_has_a_scope",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("network", ""), _negated=True),
                            models.Q(("note", ""), _negated=True),
                        ),
                        name="network_rule_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "allow"), ("ends_at__isnull", False), _connector="OR"
                        ),
                        name="network_deny_runs_out",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True),
                            models.Q(
                                ("ends_at__gt", models.F("created_at")),
                                (
                                    "ends_at__lte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("created_at"),
                                        "+",
                                        models.Value(datetime.timedelta(days=366)),
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="network_rule_runs_out_in_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_note", ""), ("ended_at__isnull", True)),
                            models.Q(
                                ("ended_at__isnull", False),
                                models.Q(("end_note", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="network_rule_end_says_why",
                    ),
                ],
            },
        ),
    ]
