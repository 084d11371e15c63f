from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_botcheck")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="password_must_change",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="new password demanded"
            ),
        ),
    ]
