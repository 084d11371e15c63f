"""Everything the site keeps, opened with its own keys: to look for what may not be in there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from django.apps import apps
from django.db import connection, models

from accounts.models import OutgoingMail, Session
from audit import sealing, trail
from audit.models import Entry
from tests.support.mailbox import _opened


class Text(NamedTuple):
    where: str
    text: str
    room: int | None = None  # how many characters its column has


def texts() -> Iterator[Text]:
    yield from columns()
    for session in Session.objects.all():
        opened = sealing.unseal(session.data, context=f"session {session.key}").decode()
        yield Text("what a session holds", opened)
    for mail in OutgoingMail.objects.exclude(body="").filter(channel="letter"):
        letter = _opened(mail)
        for part in (letter.to, letter.subject, letter.text, letter.html):
            yield Text(f"letter {letter.kind}", part)
    for subject in Entry.objects.values_list("subject_id", flat=True).distinct():
        for line in trail.entries_of(subject, limit=1000):
            yield Text("label in the trail", line.label)
            yield Text("device in the trail", line.device)


def columns() -> Iterator[Text]:
    """Every text in every column of every table, as it lies there."""
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(table.sql)
            for row in cursor.fetchall():
                for column, value in zip(table.columns, row, strict=True):
                    text = _plain(str(value)) if column.is_json else str(value)
                    yield Text(column.where, text, column.room)


class Column(NamedTuple):
    where: str
    room: int | None
    is_json: bool


class Table(NamedTuple):
    sql: str
    columns: list[Column]


@cache
def _tables() -> list[Table]:
    """Put together once: some tests look after each of a thousand requests."""
    quoted = connection.ops.quote_name
    tables = []
    for model in apps.get_models():
        wanted = [
            field
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        names = ", ".join(quoted(str(field.column)) for field in wanted)
        columns = [
            Column(
                f"{model._meta.label}.{field.name}",
                getattr(field, "max_length", None),
                isinstance(field, models.JSONField),
            )
            for field in wanted
        ]
        sql = f"SELECT {names} FROM {quoted(model._meta.db_table)}"  # noqa: S608 - our own tables
        tables += [Table(sql, columns)] if wanted else []
    return tables


@lru_cache(maxsize=10_000)
def _plain(kept: str) -> str:
    """JSON as people would read it: without escapes for letters."""
    return json.dumps(json.loads(kept), ensure_ascii=False) if kept != "None" else kept
