"""Of each day those where most tries failed (audit/watch/failures.py)."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0005_daily_gauges'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyFailures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('whose', models.CharField(choices=[('network', 'Network'), ('account', 'Account')], max_length=10)),
                ('key', models.CharField(max_length=64)),
                ('count', models.PositiveBigIntegerField()),
                ('noted_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name_plural': 'failures by day',
                'constraints': [models.UniqueConstraint(fields=('day', 'whose', 'key'), name='one_failure_row_a_day')],
            },
        ),
    ]
