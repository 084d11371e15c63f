"""How much an alert is about: the same words on the desk, in letters and for operators."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.alerts.findings import Sum
from audit.alerts.rules import RULES
from audit.models import Alert
from audit.watch import spans
from audit.watch.words import number


def counted(alert: Alert) -> str:
    """What its `times` are, for programs: events, or the hours in which it was found."""
    rule = RULES.get(alert.rule)
    return "events" if rule is not None and rule.is_of_events else "hours"


def how_often(alert: Alert) -> str:
    times = alert.times
    if counted(alert) == "events":
        said = ngettext("happened %(count)d time", "happened %(count)d times", times)
    else:
        said = ngettext("found in %(count)d hour", "found in %(count)d hours", times)
    return said % {"count": times}


def newest(alert: Alert) -> str:
    """The number of the newest hour that has one."""
    found, usual = alert.numbers.get("found", {}), alert.numbers.get("usual", {})
    if not found:
        return "0"
    hour = max(found)
    rule = RULES.get(alert.rule)
    if usual:
        said = _("%(number)s in the hour from %(hour)s UTC on %(day)s, where %(usual)s are usual")
    elif rule is not None and rule.sums == Sum.HIGHEST:
        said = _("%(number)s at most in the hour from %(hour)s UTC on %(day)s")
    else:
        said = _("%(number)s in the hour from %(hour)s UTC on %(day)s")
    return said % {
        "number": number(found[hour]),
        "hour": spans.shown(hour),
        "day": spans.shown(hour[:10]),
        "usual": number(usual.get(hour, 0)),
    }
