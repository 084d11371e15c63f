from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_known_devices"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="knowndevice",
            name="one_row_per_device_and_person",
        ),
        migrations.AddConstraint(
            model_name="knowndevice",
            constraint=models.UniqueConstraint(
                fields=("key", "user"), name="one_row_per_device_and_person"
            ),
        ),
    ]
