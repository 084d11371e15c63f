"""Look-ups that stand on every road, composed once and asked many times.

Putting one SELECT together through the models costs several times what the database needs to answer
it, and a signed-in page asks nothing else (docs/speed.md). The query is still written in the models'
words and answered in their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Field, Model, QuerySet
from django.db.models.query import get_related_populators
from django.utils import timezone

Row = TypeVar("Row", bound=Model)


class _Mark(str):
    """Stands for what will be asked: known again among the parameters because it is the same object."""


_MARK = _Mark("?")


@dataclass(frozen=True)
class _Composed:
    """What Django's ModelIterable works out anew for each query."""

    sql: str
    parameters: Sequence[Any]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]
    model: type[Model]
    columns: slice
    names: list[str]
    related: list[Any]
    stand_in: list[Any]


class Lookup(Generic[Row]):
    """One row by one text: `Lookup(build).find(text)` is `build(text)[:1]`, or None.

    `build` takes the text as it is and compares it with a text column; what it composes may depend
    on nothing else. With `tells_nothing` a row is made also where none was found, and thrown away:
    otherwise a stopwatch would know which texts find one.
    """

    def __init__(
        self, build: Callable[[str], QuerySet[Row]], *, tells_nothing: bool = False
    ) -> None:
        self.build = build
        self.tells_nothing = tells_nothing

    def find(self, asked: str) -> Row | None:
        """One SELECT."""
        connection = connections[DEFAULT_DB_ALIAS]
        composed = self._composed(connection)
        parameters = [asked if each is _MARK else each for each in composed.parameters]
        with connection.cursor() as cursor:
            cursor.execute(composed.sql, parameters)
            answer = cursor.fetchone()
        if answer is None and not self.tells_nothing:
            return None
        row = self._read(composed, composed.stand_in if answer is None else answer, connection)
        return None if answer is None else row

    def _read(
        self, composed: _Composed, answer: Sequence[Any], connection: BaseDatabaseWrapper
    ) -> Row:
        values = list(answer)
        for place, (converters, expression) in composed.converters.items():
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        row = composed.model.from_db(DEFAULT_DB_ALIAS, composed.names, values[composed.columns])
        for populator in composed.related:
            populator.populate(values, row)
        return cast(Row, row)

    def _composed(self, connection: BaseDatabaseWrapper) -> _Composed:
        """Kept on the connection, which is one thread's: converters hold on to it."""
        kept: dict[Lookup[Any], _Composed] = vars(connection).setdefault("composed_lookups", {})
        if self not in kept:
            kept[self] = self._compose(connection)
        return kept[self]

    def _compose(self, connection: BaseDatabaseWrapper) -> _Composed:
        compiler = self.build(_MARK)[:1].query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        if not any(each is _MARK for each in parameters):
            raise TypeError("What is asked does not reach the database as it is.")
        info, select = compiler.klass_info, compiler.select
        places = info["select_fields"]
        columns = [column.target for column, _sql, _alias in select]
        return _Composed(
            sql,
            parameters,
            compiler.get_converters([column for column, _sql, _alias in select]),
            info["model"],
            slice(places[0], places[-1] + 1),
            [select[place][0].target.attname for place in places],
            get_related_populators(info, select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]
            [field.get_db_prep_save(_anything(field), connection) for field in columns],
        )


def _anything(field: Field[Any, Any]) -> Any:
    """A value as a row may have it."""
    if isinstance(field, DateTimeField):
        return timezone.now()
    return 0 if field.primary_key else field.get_default()
