"""The mac of a segment covers that its head was told outside; and bounds are no longer unique.

An UPDATE was all it took to mark one as told that never was. One INSERT with the bounds of the next
segment kept that from being closed for ever: which of two is ours says the mac, and who closes one locks
the head. Notes whose mac held are signed anew and taken at their word; the others stay as they are.
"""

from __future__ import annotations

import hmac
import importlib
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.db import DataError, migrations, models

from audit import keys

places = importlib.import_module("audit.migrations.0009_entry_places")
TABLE, SEGMENTS, GUARDED = places.TABLE, places.SEGMENTS, places.GUARDED
REFUSAL, ENTRY_KEPT = places.REFUSAL, places.ENTRY_KEPT

POSTGRESQL_LOCK, POSTGRESQL_UNLOCK = places.POSTGRESQL_LOCK, places.POSTGRESQL_UNLOCK
_REPLACED = next(one for one in places.SQLITE_LOCK if "audit_segment_replace" in one)
SQLITE_LOCK = [
    *(one for one in places.SQLITE_LOCK if one is not _REPLACED),
    f"""
    CREATE TRIGGER audit_segment_replace BEFORE INSERT ON {SEGMENTS}
    WHEN EXISTS (SELECT 1 FROM {SEGMENTS} WHERE id = NEW.id) {places._ABORT}
    """,  # noqa: S608 - constants of this file
]
SQLITE_UNLOCK = places.SQLITE_UNLOCK
LOCK = {"postgresql": POSTGRESQL_LOCK, "sqlite": SQLITE_LOCK}
UNLOCK = {"postgresql": POSTGRESQL_UNLOCK, "sqlite": SQLITE_UNLOCK}


def lock(apps: Any, schema_editor: Any) -> None:
    for statement in LOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unlock(apps: Any, schema_editor: Any) -> None:
    for statement in UNLOCK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def macs_of(key: bytes, row: dict[str, Any]) -> tuple[str, str]:
    """Before this migration and after it, whatever audit/chain/notes.py makes of one later."""
    own = HKDFExpand(algorithm=hashes.SHA256(), length=32, info=b"audit chain").derive(key)
    times = [row[name].astimezone(UTC).isoformat() for name in ("began_at", "ended_at")]
    said = [row["first"], row["last"], row["seal"], *times]
    pruned, told = bool(row["pruned_at"]), bool(row["told_at"])
    before = f"segment {[*said, pruned]}"
    after = f"note of a segment {[*said, told, pruned]}"
    one, other = (hmac.digest(own, text.encode(), "sha256")[:16].hex() for text in (before, after))
    return one, other


def sign(apps: Any, schema_editor: Any) -> None:
    _resign(apps, held=0, holds=1)


def unsign(apps: Any, schema_editor: Any) -> None:
    """What goes back to the code before would take each note for somebody else's."""
    _resign(apps, held=1, holds=0)


def _resign(apps: Any, *, held: int, holds: int) -> None:
    """Those whose mac is the one of `macs_of` that `held` get the one that `holds`."""
    Segment = apps.get_model("audit", "Segment")
    names = ("first", "last", "seal", "began_at", "ended_at", "told_at", "pruned_at", "mac")
    ids = list(Segment.objects.order_by("id").values_list("id", flat=True))
    if not ids:
        return
    key = keys.stored(["chain"]).get("chain", b"")
    for id in ids:
        row = _kept(Segment.objects.filter(id=id).values(*names))
        if not key or row is None:
            continue
        macs = macs_of(key, row)
        if macs[held] == row["mac"]:
            Segment.objects.filter(id=id).update(mac=macs[holds])


def _kept(found: Any) -> dict[str, Any] | None:
    """None where somebody wrote times that are none."""
    try:
        row: dict[str, Any] = found.get()
    except (ValueError, TypeError, OverflowError, DataError):
        return None
    times = row["began_at"], row["ended_at"]
    return row if all(isinstance(one, datetime) for one in times) else None


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_places_validated")]
    operations = [
        migrations.RunPython(places.unlock, places.lock),
        migrations.AlterField(
            model_name="segment",
            name="first",
            field=models.PositiveBigIntegerField(db_index=True),
        ),
        migrations.AlterField(
            model_name="segment",
            name="last",
            field=models.PositiveBigIntegerField(db_index=True),
        ),
        migrations.RunPython(sign, unsign),
        migrations.RunPython(lock, unlock),
    ]
