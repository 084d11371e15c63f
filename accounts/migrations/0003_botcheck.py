"""What the bot check keeps, and the index by which a budget is summed up for the whole site."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_axes_indexes")]

    operations = [
        migrations.CreateModel(
            name="SpentProof",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="HeldSecrets",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("sealed", models.TextField()),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="tally",
            index=models.Index(fields=["budget", "started_at"], name="tally_budget_lately"),
        ),
    ]
