"""The stretches of time that the dashboard shows, each in equal pieces: hours or days, in UTC as the
counts are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from django.db import models
from django.db.models.expressions import Func
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.counting import hour_of

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
# The same weekdays that a day, or an hour, is compared with.
WEEKS = 4


@dataclass(frozen=True)
class Kind:
    """One of the choices. `piece` is how long one piece is."""

    name: str
    label: str | Promise
    length: timedelta
    piece: timedelta


KINDS = {
    kind.name: kind
    for kind in (
        Kind("24h", _("24 hours"), DAY, HOUR),
        Kind("7d", _("7 days"), 7 * DAY, DAY),
        Kind("30d", _("30 days"), 30 * DAY, DAY),
        Kind("90d", _("90 days"), 90 * DAY, DAY),
    )
}
USUAL = KINDS["7d"]


@dataclass(frozen=True)
class Span:
    """`kind` as it lies at a moment: from `begins` to `ends`, the end of the hour that runs."""

    kind: Kind
    begins: datetime
    ends: datetime

    @property
    def before(self) -> Span:
        """The period before: as much of it as has passed of this one."""
        length = self.kind.length
        return Span(self.kind, self.begins - length, self.ends - length)

    @property
    def pieces(self) -> list[str]:
        """The names of all pieces, oldest first, like 2026-11-28 or 2026-11-28 09."""
        return list(self._names())

    def _names(self) -> Iterator[str]:
        every = (self.begins + number * self.kind.piece for number in range(100))
        return (name(at, self.kind.piece) for at in takewhile(lambda at: at < self.ends, every))


def at(kind: Kind, now: datetime) -> Span:
    ends = hour_of(now) + HOUR
    if kind.piece == HOUR:
        return Span(kind, ends - kind.length, ends)
    return Span(kind, hour_of(now).replace(hour=0) + DAY - kind.length, ends)


def name(at: datetime, piece: timedelta) -> str:
    return f"{at:%Y-%m-%d %H}" if piece == HOUR else f"{at:%Y-%m-%d}"


def shown(piece: str) -> str:
    """The name of a piece in words."""
    if len(piece) > len("2026-11-28"):
        return f"{piece[11:]}:00"
    return formats.date_format(datetime.strptime(piece, "%Y-%m-%d").replace(tzinfo=UTC), "j M")


class Piece(Func):
    """The name of the piece that an hour falls into. Written for each database: Django's own cuts of
    time are a function in Python for each row of SQLite's."""

    output_field = models.CharField()
    LENGTHS = {HOUR: 13, DAY: 10}
    FORMS = {HOUR: "YYYY-MM-DD HH24", DAY: "YYYY-MM-DD"}

    def __init__(self, hour: str, piece: timedelta) -> None:
        super().__init__(hour)
        self.piece = piece

    def as_sqlite(self, compiler, connection, **context):  # type: ignore[no-untyped-def]
        template = f"substr(%(expressions)s, 1, {self.LENGTHS[self.piece]})"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler, connection, **context):  # type: ignore[no-untyped-def]
        template = f"to_char(%(expressions)s AT TIME ZONE 'UTC', '{self.FORMS[self.piece]}')"
        return self.as_sql(compiler, connection, template=template, **context)
