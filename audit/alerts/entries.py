"""The entries of the trail that an alert was made of, for whoever looks what it is about."""

from __future__ import annotations

from audit import kinds, trail
from audit.alerts import facts, rules
from audit.alerts.facts import Facts
from audit.models import Alert, Entry
from audit.searching import SKEW
from audit.trail import Line

# Shown of one alert; it says how often it happened in all.
MOST = 20
# Of each kind, the newest before it was found last: most sign-ins are on a device that is known.
LOOKED_THROUGH = 200


def of(alert: Alert) -> list[Line]:
    """The newest MOST, newest first; nothing where the rule is about numbers. Five SELECTs at most
    where all read."""
    if alert.rule not in rules.MADE_OF:
        return []
    events, chosen = rules.MADE_OF[alert.rule]
    last = Entry.objects.filter(at__lt=alert.found_at + SKEW).order_by("-at")
    end = last.values_list("id", flat=True).first()
    if end is None:
        return []
    newest = kinds.newest(alert.about, events, before=end + 1, limit=LOOKED_THROUGH)
    then = Facts(alert.found_at, staff=frozenset({alert.about}))
    told = facts.happened(Entry.objects.filter(id__in=newest).order_by("-id"))
    ids = [number for number, one in told if chosen(then, one)][: min(alert.times, MOST)]
    return trail.lines(Entry.objects.filter(id__in=ids).order_by("-id"), MOST) if ids else []
