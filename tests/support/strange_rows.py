"""Entries that somebody wrote with SQL, of things that no program of ours would write there."""

from __future__ import annotations

import pytest
from django.db import connection

from audit.models import Entry

WRITTEN = [
    field.column for field in Entry._meta.fields if field.column not in ("id", "sequence", "seal")
]
NO_DATE = {
    "postgresql": [
        ("at", "'infinity'"),
        ("at", "'-infinity'"),
        ("at", "'294276-12-31 23:59:59+00'"),
        ("at", "'4713-01-01 BC'"),
        # What is left of it without its era is the very same.
        ("at", "(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00 BC')::timestamptz"),
        ("facts", f"'{'[' * 3000}{']' * 3000}'"),
        ("facts", f"""'{{"n": {"9" * 5000}}}'"""),
    ],
    "sqlite": [
        ("at", "'infinity'"),
        ("at", "''"),
        ("at", "5"),
        ("at", "CAST(at AS BLOB)"),
        # The same moment, and no other row has this text.
        ("at", "replace(at, ' ', 'T')"),
        ("at", "CAST(x'ff' AS TEXT)"),
        ("event", "x'00'"),
        ("subject_id", "7"),
        ("request_id", "CAST(request_id AS BLOB)"),
        ("personal", "'text'"),
        ("mac", "'text'"),
        ("mac", "12"),
        ("facts", f"'{'[' * 990}{']' * 990}'"),
        ("facts", f"""'{{"n": {"9" * 5000}}}'"""),
    ],
}  # fmt: skip
STRANGE = pytest.mark.parametrize("column, value", NO_DATE[connection.vendor])


def slip_in(column: str, value: str, like: int) -> int:
    """One like the entry `like` but for one column; nothing stands in the way of an INSERT."""
    columns = ", ".join(WRITTEN)
    values = ", ".join(value if each == column else each for each in WRITTEN)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_entry ({columns}) SELECT {values} FROM audit_entry WHERE id = %s",  # noqa: S608 - our columns
            [like],
        )
        cursor.execute("SELECT max(id) FROM audit_entry")
        return int(cursor.fetchone()[0])
