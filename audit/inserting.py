"""One INSERT, composed once and made many times.

Every sign-in writes a session and a line of the trail, and putting an INSERT together through the
models costs several times what the database needs to carry it out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Model, TextField

# Text that is text already goes into the database as it is.
AS_IT_IS = (CharField, TextField)
Prepare = Callable[[Any, BaseDatabaseWrapper], Any]


@cache
def _prepared(model: type[Model], vendor: str) -> tuple[str, list[tuple[str, Prepare | None]]]:
    """The statement, and of each column the attribute and what makes a value of it, if anything has
    to. The database numbers rows of a model that leaves it to do so, and says how."""
    meta, quoted = model._meta, connections[DEFAULT_DB_ALIAS].ops.quote_name
    numbered = meta.auto_field
    fields = tuple(field for field in meta.concrete_fields if field is not numbered)
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quoted(meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608 - our own columns
    values: list[tuple[str, Prepare | None]] = [
        (field.attname, None if type(field) in AS_IT_IS else field.get_db_prep_save)
        for field in fields
    ]
    return (f"{sql} RETURNING {quoted(str(numbered.column))}" if numbered else sql), values


def insert(row: Model) -> None:
    """`row.save(force_insert=True)` for a row that nobody listens to: no signals, no parents. Sets
    its number, if the database gives it one. Raises IntegrityError like any INSERT."""
    connection = connections[DEFAULT_DB_ALIAS]
    sql, columns = _prepared(type(row), connection.vendor)
    values = []
    for name, prepare in columns:
        value = getattr(row, name)
        values.append(value if prepare is None else prepare(value, connection))
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        if row._meta.auto_field:
            row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
