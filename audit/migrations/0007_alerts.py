"""What staff are alarmed about, and how far the rules have looked."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_daily_failures'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=40)),
                ('about', models.CharField(blank=True, max_length=64)),
                ('state', models.CharField(choices=[('new', 'New'), ('seen', 'Seen'), ('muted', 'Muted'), ('closed', 'Closed')], default='new', max_length=10)),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('times', models.PositiveBigIntegerField(default=1)),
                ('numbers', models.JSONField(default=dict)),
                ('muted_until', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': 'alert',
                'verbose_name_plural': 'alerts',
                'permissions': [('handle_alert', 'Can handle alerts')],
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['state', '-id'], name='alert_state'), models.Index(fields=['rule', 'about', '-closed_at'], name='alert_closed')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'closed'), _negated=True), fields=('rule', 'about'), name='one_open_alert')],
            },
        ),
        migrations.CreateModel(
            name='AlertCheck',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('sequence', models.PositiveBigIntegerField(default=0)),
                ('checked_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_alert_check')],
            },
        ),
    ]
