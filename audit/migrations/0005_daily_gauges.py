"""Gauges by the day, and who may see the dashboard."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_entry_permissions'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyGauge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('name', models.CharField(max_length=40)),
                ('detail', models.CharField(blank=True, max_length=100)),
                ('value', models.PositiveBigIntegerField()),
                ('sampled_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'permissions': [('view_dashboard', 'Can see the dashboard')],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('day', 'name', 'detail'), name='one_gauge_a_day')],
            },
        ),
    ]
