"""The numbers of an alert as a plot, with the table beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from audit.alerts import words
from audit.alerts.rules import RULES
from audit.models import Alert
from audit.watch import spans
from audit.watch.drawing import How
from audit.watch.plot import Plot, Series
from audit.watch.spans import HOUR

MOST_HOURS = 48
_FORM = "%Y-%m-%d %H"


def plot(alert: Alert) -> Plot:
    """Hour by hour, without gaps: an hour of which nothing is kept had none."""
    found, usual = alert.numbers.get("found", {}), alert.numbers.get("usual", {})
    rule = RULES.get(alert.rule)
    label = str(rule.number) if rule else _("Found")
    names = _hours(sorted(found))
    series = [Series(label, [found.get(name, 0) for name in names])]
    if usual:
        series.append(Series(_("Usual"), [usual.get(name, 0) for name in names]))
    return Plot(
        "evidence",
        label,
        How.BARS,
        _("%(number)s.") % {"number": words.newest(alert)},
        _("Hour (UTC)"),
        names,
        [_shown(name) for name in names],
        series,
    )


def _hours(names: list[str]) -> list[str]:
    """All from the first to the last, but for the newest MOST_HOURS."""
    if not names:
        return []
    first, last = (
        datetime.strptime(one, _FORM).replace(tzinfo=UTC) for one in (names[0], names[-1])
    )
    count = min((last - first) // HOUR, MOST_HOURS - 1)
    return [spans.name(last - ago * HOUR, HOUR) for ago in range(count, -1, -1)]


def _shown(name: str) -> str:
    """With its day: two days may be among them."""
    return f"{spans.shown(name[:10])}, {spans.shown(name)}"
