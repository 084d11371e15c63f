"""An empty key says who emptied it.

An UPDATE was all it took to blind everything that is personal in somebody's entries, and nothing told it
from an erasure. Those that are empty by now are taken at their word: nobody can say more of them.
"""

from __future__ import annotations

import hmac
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.db import migrations, models

from audit import sealing

BATCH = 2_000


def mac_of(key: bytes, name: str) -> str:
    """As it was when this migration was written, whatever audit/keys.py makes of one later."""
    own = HKDFExpand(algorithm=hashes.SHA256(), length=32, info=b"audit forgotten").derive(key)
    return hmac.digest(own, name.encode(), "sha256")[:16].hex()


def sign(apps: Any, schema_editor: Any) -> None:
    SubjectKey = apps.get_model("audit", "SubjectKey")
    chain = SubjectKey.objects.filter(subject_id="chain").exclude(key="").first()
    if chain is None:
        return
    try:
        key = sealing.unseal(chain.key, context="audit key of chain")
    except sealing.SealBroken:  # then nothing of the chain can be said, and `verify` says that
        return
    empty = SubjectKey.objects.filter(key="", forgotten="").order_by("subject_id")
    while rows := list(empty[:BATCH]):
        for row in rows:
            row.forgotten = mac_of(key, row.subject_id)
        SubjectKey.objects.bulk_update(rows, ["forgotten"])


class Migration(migrations.Migration):
    dependencies = [("audit", "0011_segments_told")]
    operations = [
        migrations.AddField(
            model_name="subjectkey",
            name="forgotten",
            field=models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
        migrations.RunPython(sign, migrations.RunPython.noop),
    ]
