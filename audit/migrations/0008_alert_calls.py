"""Of which alerts the webhook was told, and when it is called next."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0007_alerts'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='called_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='alert',
            name='calls',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='alertcheck',
            name='call_at',
            field=models.DateTimeField(null=True),
        ),
    ]
