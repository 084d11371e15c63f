"""What one plot is: series of numbers along some places, a sentence that sums them up, and the same
numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import gettext as _

from audit.watch import drawing, spans
from audit.watch.drawing import Drawing, How
from audit.watch.numbers import Numbers
from audit.watch.words import number

FEW_PLACES = 4
AN_HOUR = len("2026-11-28 09")


@dataclass(frozen=True)
class Series:
    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Plot:
    """`names` are the places along it as machines read them (the first column of its CSV), `places` as
    people do, under the heading `along`. `besides` stand in the table alone: of another kind.
    `before`: each series in all of the period before, where that means something."""

    slug: str
    title: str
    how: How
    summary: str
    along: str
    names: list[str]
    places: list[str]
    series: list[Series]
    note: str = ""
    besides: list[Series] = field(default_factory=list)
    before: list[int] = field(default_factory=list)

    @cached_property
    def drawing(self) -> Drawing:
        return drawing.draw(self.how, [one.values for one in self.series])

    @property
    def edges(self) -> list[str]:
        """What stands beside it, from above."""
        top = self.drawing.top
        return [number(value) for value in (top, top // 2, 0)]

    @property
    def is_empty(self) -> bool:
        return not any(value for one in self.series for value in one.values)

    @property
    def ticks(self) -> list[str]:
        """What stands under it: all places if they are few, else the first, a middle and the last."""
        if len(self.places) <= FEW_PLACES:
            return self.places
        return [self.places[0], self.places[len(self.places) // 2], self.places[-1]]

    @property
    def has_groups(self) -> bool:
        """Whether each place has its own label, in the middle under it."""
        return self.how != How.LINES and len(self.places) <= FEW_PLACES

    @property
    def columns(self) -> list[Series]:
        return [*self.series, *self.besides]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same numbers, for reading."""
        return [
            (place, [_cell(one.values[index]) for one in self.columns])
            for index, place in enumerate(self.places)
        ]

    @property
    def sums(self) -> list[tuple[str, list[str]]]:
        """What stands under the rows: this period against the one before."""
        if not self.before:
            return []
        whole = [number(sum(value or 0 for value in one.values)) for one in self.series]
        return [
            (_("This period"), whole),
            (_("Period before"), [number(value) for value in self.before]),
        ]

    @property
    def table(self) -> list[list[str]]:
        """The same numbers, for machines: the heading first."""
        rows = [[self.along, *(one.label for one in self.columns)]]
        for index, name in enumerate(self.names):
            cells = (one.values[index] for one in self.columns)
            rows.append([name, *("" if value is None else _bare(value) for value in cells)])
        return rows


def _bare(value: float) -> str:
    return str(int(value) if value == int(value) else value)


def _cell(value: float | None) -> str:
    return "–" if value is None else number(value)


def counted(
    numbers: Numbers,
    slug: str,
    title: str,
    how: How,
    summary: str,
    *,
    note: str = "",
    **series: str,
) -> Plot:
    """A plot over the pieces of the period; `series` are the measures and what they are called."""
    return Plot(
        slug,
        title,
        how,
        summary,
        _("Hour (UTC)") if len(numbers.pieces[0]) == AN_HOUR else _("Day (UTC)"),
        numbers.pieces,
        [spans.shown(piece) for piece in numbers.pieces],
        [Series(label, numbers.counts[measure]) for measure, label in series.items()],
        note,
        before=[numbers.before[measure] for measure in series],
    )


def named(
    slug: str,
    title: str,
    summary: str,
    along: str,
    places: Mapping[str, str],
    series: list[Series],
    note: str,
    besides: Sequence[Series] = (),
) -> Plot:
    """Bars over what has a name each: as machines read it, and as people do."""
    names, labels = list(places), list(places.values())
    return Plot(
        slug, title, How.BARS, summary, along, names, labels, series, note, besides=list(besides)
    )


def gauge(numbers: Numbers, name: str, detail: str) -> list[int | None]:
    return [gauges.get(name, {}).get(detail) for gauges in numbers.days.values()]


def sampled(
    numbers: Numbers, slug: str, title: str, how: How, summary: str, series: list[Series]
) -> Plot:
    days = list(numbers.days)
    return Plot(
        slug,
        title,
        how,
        summary,
        _("Day (UTC)"),
        days,
        [spans.shown(day) for day in days],
        series,
        _("As sampled once a day, at least the last seven."),
    )
