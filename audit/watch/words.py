"""How numbers are said on the dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import formats
from django.utils.translation import gettext as _


def number(value: float) -> str:
    if float(value).is_integer():
        return str(formats.number_format(int(value), force_grouping=True))
    return str(formats.number_format(value, 1, force_grouping=True))


def percent(part: float, whole: float) -> str:
    """Of nothing, nothing is no share."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return _("%(n)s %%") % {"n": number(round(share, 1) if share < 10 else round(share))}


def against(now: float, before: float) -> str:
    """`now` compared with the period before."""
    if now == before:
        return _("as in the period before")
    if not before:
        return _("none in the period before")
    change = percent(abs(now - before), before)
    if now > before:
        return _("up %(change)s on the period before") % {"change": change}
    return _("down %(change)s on the period before") % {"change": change}


def peak(values: Sequence[float | None], places: Sequence[str]) -> tuple[str, str]:
    """The highest value and where it is; of several the first."""
    known = [(value or 0, -number) for number, value in enumerate(values)]
    value, where = max(known, default=(0, 0))
    return number(value), places[-where] if places else "–"


def seconds(value: int | None) -> str:
    return "–" if value is None else _("%(n)s s") % {"n": number(value)}
