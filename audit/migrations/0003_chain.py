"""The chain (docs/trail.md): macs, places, segments, and counts by the hour.

The guards of 0002 come off while the table gets its column and old entries their macs, and go on
again with one exception more: entries of a segment that is noted as pruned may be deleted. A later
migration that rebuilds the table on SQLite runs this one's `lock` again at its end.
"""

from __future__ import annotations

import hmac
import importlib
import json
from datetime import UTC
from typing import Any

import django.utils.timezone
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.db import migrations, models

from audit import keys

guards = importlib.import_module("audit.migrations.0002_append_only")
TABLE, REFUSAL = guards.TABLE, guards.REFUSAL
SEGMENTS = "audit_segment"
ENTRY_KEPT = (*guards.KEPT, "mac")
SEGMENT_KEPT = ("id", "first", "last", "seal", "began_at", "ended_at", "closed_at")
BATCH = 2_000
_PRUNED = (
    f"EXISTS (SELECT 1 FROM {SEGMENTS} WHERE pruned_at IS NOT NULL"  # noqa: S608 - constants of this file
    " AND first <= OLD.sequence AND last >= OLD.sequence)"
)

POSTGRESQL_LOCK = [
    f"""
    CREATE OR REPLACE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.sequence IS NULL AND OLD.seal IS NULL
                AND NEW.sequence IS NOT NULL AND NEW.seal IS NOT NULL
                AND to_jsonb(NEW) - 'sequence' - 'seal' = to_jsonb(OLD) - 'sequence' - 'seal'
            THEN
                RETURN NEW;
            END IF;
        ELSIF TG_OP = 'DELETE' THEN
            IF {_PRUNED} THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER audit_entry_rows BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_entry_guard()
    """,
    f"""
    CREATE TRIGGER audit_entry_table BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_guard()
    """,
    f"""
    CREATE FUNCTION audit_segment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF (OLD.pruned_at IS NULL OR NEW.pruned_at = OLD.pruned_at)
                AND (OLD.told_at IS NULL OR NEW.told_at = OLD.told_at)
                AND to_jsonb(NEW) - 'told_at' - 'pruned_at' - 'mac'
                    = to_jsonb(OLD) - 'told_at' - 'pruned_at' - 'mac'
            THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER audit_segment_rows BEFORE UPDATE OR DELETE ON {SEGMENTS}
    FOR EACH ROW EXECUTE FUNCTION audit_segment_guard()
    """,
    f"""
    CREATE TRIGGER audit_segment_table BEFORE TRUNCATE ON {SEGMENTS}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_segment_guard()
    """,
]
POSTGRESQL_UNLOCK = [
    f"DROP TRIGGER audit_segment_rows ON {SEGMENTS}",
    f"DROP TRIGGER audit_segment_table ON {SEGMENTS}",
    "DROP FUNCTION audit_segment_guard()",
    *guards.POSTGRESQL_UNLOCK,
]

_SAME = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in ENTRY_KEPT)
_SAME_SEGMENT = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in SEGMENT_KEPT)
_ABORT = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
SQLITE_LOCK = [
    f"""
    CREATE TRIGGER audit_entry_update BEFORE UPDATE ON {TABLE}
    WHEN NOT (
        OLD.sequence IS NULL AND OLD.seal IS NULL
        AND NEW.sequence IS NOT NULL AND NEW.seal IS NOT NULL
        AND {_SAME}
    ) {_ABORT}
    """,
    f"CREATE TRIGGER audit_entry_delete BEFORE DELETE ON {TABLE} WHEN NOT {_PRUNED} {_ABORT}",
    guards.SQLITE_LOCK[2],
    f"""
    CREATE TRIGGER audit_segment_update BEFORE UPDATE ON {SEGMENTS}
    WHEN NOT (
        (OLD.pruned_at IS NULL OR NEW.pruned_at IS OLD.pruned_at)
        AND (OLD.told_at IS NULL OR NEW.told_at IS OLD.told_at)
        AND {_SAME_SEGMENT}
    ) {_ABORT}
    """,
    f"CREATE TRIGGER audit_segment_delete BEFORE DELETE ON {SEGMENTS} {_ABORT}",
    # INSERT OR REPLACE deletes the row in its way without asking the trigger above.
    f"""
    CREATE TRIGGER audit_segment_replace BEFORE INSERT ON {SEGMENTS}
    WHEN EXISTS (
        SELECT 1 FROM {SEGMENTS} WHERE id = NEW.id OR first = NEW.first OR last = NEW.last
    ) {_ABORT}
    """,  # noqa: S608 - constants of this file
]
SQLITE_UNLOCK = [
    "DROP TRIGGER audit_segment_update",
    "DROP TRIGGER audit_segment_delete",
    "DROP TRIGGER audit_segment_replace",
    *guards.SQLITE_UNLOCK,
]

LOCK = {"postgresql": POSTGRESQL_LOCK, "sqlite": SQLITE_LOCK}
UNLOCK = {"postgresql": POSTGRESQL_UNLOCK, "sqlite": SQLITE_UNLOCK}


def lock(apps: Any, schema_editor: Any) -> None:
    for statement in LOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unlock(apps: Any, schema_editor: Any) -> None:
    for statement in UNLOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


# What a mac was as this migration was written: whatever audit/chain/seals.py makes of one later, old
# entries get the one that later migrations begin with.
SAID = (
    *("event", "at", "actor_id", "subject_id", "request_id", "personal_key"),
    *("ip_digest", "network_digest", "facts", "personal"),
)


def mac_of(key: bytes, event: str, at: Any, *names: Any) -> bytes:
    """Of the values of SAID, under the key of the chain."""
    *names, facts, personal = names
    canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
    said = canonical([event, at.astimezone(UTC).isoformat(), *names, canonical(facts)])
    own = HKDFExpand(algorithm=hashes.SHA256(), length=32, info=b"audit entry").derive(key)
    return hmac.digest(own, said.encode() + b"\0" + bytes(personal), "sha256")[:16]


def write_macs(apps: Any, schema_editor: Any) -> None:
    """Entries from before there were macs are taken at their word: nobody can say more of them."""
    Entry = apps.get_model("audit", "Entry")
    rows = Entry.objects.filter(mac=b"").order_by("id").values_list("id", *SAID)
    after, key = 0, None
    while page := list(rows.filter(id__gt=after)[:BATCH]):
        # Kept as the site keeps it, or it opened for nobody after.
        key = key or keys.obtained(["chain"])["chain"]
        macs = [(mac_of(key, *said), number) for number, *said in page]
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {TABLE} SET mac = %s WHERE id = %s", macs)  # noqa: S608 - a constant
        after = page[-1][0]


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_append_only'),
    ]

    operations = [
        migrations.RunPython(guards.unlock, guards.lock),
        migrations.CreateModel(
            name='Head',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('sequence', models.PositiveBigIntegerField(default=0)),
                ('seal', models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='HourCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('event', models.CharField(max_length=60)),
                ('detail', models.CharField(blank=True, max_length=60)),
                ('count', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='HourFailures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('whose', models.CharField(choices=[('network', 'Network'), ('account', 'Account')], max_length=10)),
                ('key', models.CharField(max_length=64)),
                ('count', models.PositiveBigIntegerField()),
            ],
            options={
                'verbose_name_plural': 'failures by hour',
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.PositiveBigIntegerField(unique=True)),
                ('last', models.PositiveBigIntegerField(unique=True)),
                ('seal', models.CharField(max_length=64)),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('told_at', models.DateTimeField(null=True)),
                ('pruned_at', models.DateTimeField(null=True)),
                ('mac', models.CharField(max_length=32)),
            ],
        ),
        migrations.AddField(
            model_name='entry',
            name='mac',
            field=models.BinaryField(default=b'', max_length=16),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('sequence', None)), fields=['id'], name='entry_not_chained'),
        ),
        migrations.AddConstraint(
            model_name='head',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='one_head'),
        ),
        migrations.AddIndex(
            model_name='hourcount',
            index=models.Index(fields=['event', 'hour'], name='count_event'),
        ),
        migrations.AddConstraint(
            model_name='hourcount',
            constraint=models.UniqueConstraint(fields=('hour', 'event', 'detail'), name='one_count_an_hour'),
        ),
        migrations.AddConstraint(
            model_name='hourfailures',
            constraint=models.UniqueConstraint(fields=('hour', 'whose', 'key'), name='one_failure_row_an_hour'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.CheckConstraint(condition=models.Q(('first__lte', models.F('last'))), name='segment_bounds'),
        ),
        migrations.RunPython(write_macs, migrations.RunPython.noop),
        migrations.RunPython(lock, unlock),
    ]
