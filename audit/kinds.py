"""Finding what happened to one subject by its kinds, however rare they are in a long history.

Written out: `event IN (…)` reads either all that happened or all that is of these kinds, and strangers
can add ten thousand failures to anybody's history; and the models cannot write for SQLite a union of
parts that have an end each. Here each kind costs one look at the index `entry_subject_event`.

PostgreSQL is asked for the same in another way: it takes what happens to one person for as mixed as
what happens to all, so that a kind that is rare here seems frequent, and would walk backwards through
the whole table to the first fifty. An order that no other index has keeps it from that.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from audit.events import Event

_OF_ONE_KIND = "SELECT id FROM (SELECT id FROM audit_entry WHERE {sought} LIMIT %s) AS of_one_kind"
_SOUGHT = {
    "sqlite": "subject_id = %s AND event = %s{past} ORDER BY id DESC",
    "postgresql": (
        "subject_id = %s AND event >= %s AND event <= %s{past} ORDER BY subject_id, event, id DESC"
    ),
}


def newest(subject_id: str, events: Collection[Event], *, before: int | None, limit: int) -> RawSQL:
    """The numbers of the newest `limit` entries of all these kinds together, those before the entry
    `before`. `events` is not empty."""
    sql, parameters = _of_each(subject_id, events, before=before, limit=limit)
    together = f"SELECT id FROM ({sql}) AS of_any_kind ORDER BY id DESC LIMIT %s"  # noqa: S608 - marks only
    return RawSQL(together, [*parameters, limit])  # noqa: S611 - marks only


def _of_each(
    subject_id: str, events: Collection[Event], *, before: int | None, limit: int
) -> tuple[str, list[Any]]:
    past = "" if before is None else " AND id < %s"
    part = _OF_ONE_KIND.format(sought=_SOUGHT[connection.vendor].format(past=past))
    given = [limit] if before is None else [before, limit]
    named = 1 if connection.vendor == "sqlite" else 2
    parameters = [each for event in events for each in (subject_id, *[event.value] * named, *given)]
    return " UNION ALL ".join([part] * len(events)), parameters
