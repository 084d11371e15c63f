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
    """Of nothing, nothing is no share. None is 0 alone, and all is 100 alone: what is nearer to them
    than can be said is said to be so."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.05:
        return _("under %(share)s") % {"share": _share(0.1)}
    if 99.5 <= share < 100:
        near = round(share, 1)
        return _share(near) if near < 100 else _("over %(share)s") % {"share": _share(99.9)}
    return _share(round(share, 1) if share < 10 else round(share))


def _share(value: float) -> str:
    """The sign stays with its number."""
    return _("%(n)s\u00a0%%") % {"n": number(value)}


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
