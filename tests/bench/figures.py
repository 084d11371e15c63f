"""Arithmetic of the bench, and the one table it prints. Nothing here measures anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance


@dataclass(frozen=True)
class Figure:
    """One promise and what came of it. `low` and `high` are the bounds that are kept, both ends in.

    With `measured` None it was not measured, and `note` says why."""

    name: str
    measured: float | None
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    note: str = ""
    digits: int = 2

    @property
    def promises(self) -> bool:
        """Whether there is any bound; else the figure is only told."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    @property
    def missed(self) -> bool:
        return self.measured is not None and not self.low <= self.measured <= self.high

    @property
    def promised(self) -> str:
        low, high = (f"{bound:g}" for bound in (self.low, self.high))
        if not self.promises:
            return "–"
        if self.low == self.high:
            text = high
        elif math.isinf(self.low):
            text = f"≤ {high}"
        else:
            text = f"≥ {low}" if math.isinf(self.high) else f"{low} to {high}"
        return f"{text} {self.unit}".rstrip()

    @property
    def shown(self) -> str:
        if self.measured is None:
            return "–"
        return f"{self.measured:.{self.digits}f} {self.unit}".rstrip()

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "NOT RUN"
        if not self.promises:
            return ""
        return "MISSED" if self.missed else "ok"


def paired_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of each round: what slows a whole round slows both and falls out."""
    return median(one / other for one, other in zip(over, under, strict=True))


def paired_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the differences of each round."""
    return median(left - right for left, right in zip(one, other, strict=True))


def unsureness(over: Sequence[float], under: Sequence[float]) -> float:
    """How far the median ratio may be off by chance: its standard error, from the middle half of
    the rounds, which a neighbour's hiccup does not reach. 0 with fewer than four rounds."""
    ratios = sorted(one / other for one, other in zip(over, under, strict=True))
    if len(ratios) < 4:
        return 0.0
    quarter = len(ratios) // 4
    spread = ratios[-1 - quarter] - ratios[quarter]
    return 1.253 * (spread / 1.349) / math.sqrt(len(ratios))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """|t| of Welch's test: how far the means of two samples lie apart, in standard errors."""
    apart = abs(fmean(one) - fmean(other))
    error = math.sqrt(variance(one) / len(one) + variance(other) / len(other))
    return apart / error if error else math.inf if apart else 0.0


def table(figures: Sequence[Figure]) -> str:
    """All figures in columns: figure, promised, measured, and whether it was kept."""
    rows = [("figure", "promised", "measured", "")]
    rows += [(each.name, each.promised, each.shown, each.verdict) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for number, row in enumerate(rows):
        note = figures[number - 1].note if number else ""
        cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]
        lines.append("  ".join([*cells, f"({note})" if note else ""]).rstrip())
    lines.insert(1, "-" * (sum(widths) + 12))
    return "\n".join(lines)
