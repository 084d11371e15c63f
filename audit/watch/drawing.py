"""Plots as shapes of an SVG: geometry in attributes, what they look like by class
(static/staff/watch.css).

A drawing is WIDTH by HEIGHT and is stretched to the room there is, so it holds no text: axes are HTML
beside it. Series differ by dashes and patterns besides their colour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

WIDTH, HEIGHT = 600, 160
# Of its place, how much a bar or a group of bars takes.
FILLED = 0.7
# And one bar at most: a few in a wide drawing are bars still.
WIDEST = 48
_STEPS = (2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 50, 60, 80, 100)
Values = Sequence[float | None]


class How(StrEnum):
    LINES = "lines"
    BARS = "bars"
    STACKED = "stacked"


@dataclass(frozen=True)
class Line:
    """`path` of an SVG; `series` counts from 1."""

    series: int
    path: str


@dataclass(frozen=True)
class Bar:
    series: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """`top` is the value at the upper edge; the lower one is always zero. `dots`: values of a line that
    have no neighbour."""

    top: int
    lines: list[Line]
    bars: list[Bar]
    dots: list[Line] = field(default_factory=list)


def draw(how: How, series: Sequence[Values]) -> Drawing:
    """Series of one length, which may be none or empty."""
    if how == How.STACKED:
        highest = max(
            (sum(each or 0 for each in place) for place in zip(*series, strict=True)), default=0
        )
    else:
        highest = max((each or 0 for values in series for each in values), default=0)
    top = ceiling(highest)
    if how == How.LINES:
        runs = {number: list(_runs(values, top)) for number, values in enumerate(series, 1)}
        lines = _joined(runs, lambda run: "M" + "L".join(run) if len(run) > 1 else "")
        return Drawing(top, lines, [], _joined(runs, lambda run: f"M{run[0]}h0" * (len(run) == 1)))
    bars = _stacked(series, top) if how == How.STACKED else _grouped(series, top)
    return Drawing(top, [], [bar for bar in bars if bar.height > 0])


def ceiling(highest: float) -> int:
    """The least round number that is no less, and has a half."""
    scale = 1
    while True:
        for step in _STEPS:
            if step * scale >= highest:
                return step * scale
        scale *= 10


def _runs(values: Values, top: int) -> Iterator[list[str]]:
    """The points of one line, apart where there is no value."""
    step = WIDTH / max(len(values) - 1, 1)
    run: list[str] = []
    for number, value in enumerate((*values, None)):
        if value is not None:
            run.append(f"{_short(number * step)} {_short(HEIGHT - HEIGHT * value / top)}")
        elif run:
            yield run
            run = []


def _joined(runs: dict[int, list[list[str]]], path: Callable[[list[str]], str]) -> list[Line]:
    lines = [Line(number, "".join(map(path, several))) for number, several in runs.items()]
    return [line for line in lines if line.path]


def _grouped(series: Sequence[Values], top: int) -> Iterator[Bar]:
    place = WIDTH / max((len(values) or 1 for values in series), default=1)
    width = min(place * FILLED / max(len(series), 1), WIDEST)
    margin = (place - width * len(series)) / 2
    for number, values in enumerate(series, 1):
        for index, value in enumerate(values):
            x = place * index + margin + width * (number - 1)
            yield _bar(number, x, width, 0, (value or 0) / top)


def _stacked(series: Sequence[Values], top: int) -> Iterator[Bar]:
    places = list(zip(*series, strict=True))
    place = WIDTH / max(len(places), 1)
    width = min(place * FILLED, WIDEST)
    for index, values in enumerate(places):
        below = 0.0
        for number, value in enumerate(values, 1):
            x = place * index + (place - width) / 2
            yield _bar(number, x, width, below / top, (value or 0) / top)
            below += value or 0


def _bar(number: int, x: float, width: float, below: float, share: float) -> Bar:
    y = HEIGHT * (1 - below - share)
    return Bar(number, round(x, 1), round(y, 1), round(width, 1), round(HEIGHT * share, 1))


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
