"""Rights about the trail: to read it, to see addresses in it, to take a copy."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_chain'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='entry',
            options={'default_permissions': ('view',), 'permissions': [('view_addresses', 'Can see network addresses in the trail'), ('export_entries', 'Can export the trail')], 'verbose_name': 'event', 'verbose_name_plural': 'events'},
        ),
    ]
