"""The entries of the trail that an alert was made of, for whoever looks what it is about."""

from __future__ import annotations

from audit import kinds, trail
from audit.alerts import facts, rules
from audit.alerts.facts import Facts
from audit.believed import PAGES
from audit.models import Alert, Entry
from audit.searching import SKEW
from audit.trail import Line

# Shown of one alert; it says how often it happened in all.
MOST = 20
# Of each kind, the newest before it was found last: most sign-ins are on a device that is known.
LOOKED_THROUGH = 200


def of(alert: Alert) -> list[Line]:
    """The newest MOST, newest first; nothing where the rule is about numbers. Six SELECTs at most where
    all that is looked through is ours.

    SECURITY: LOOKED_THROUGH rows slipped in would hide what it was made of. One reads on past them,
    PAGES at most; `auth_events verify` names each."""
    if alert.rule not in rules.MADE_OF:
        return []
    events, chosen = rules.MADE_OF[alert.rule]
    last = Entry.objects.filter(at__lt=alert.found_at + SKEW).order_by("-at", "-id")
    end = last.values_list("id", flat=True).first()
    if end is None:
        return []
    then = Facts(alert.found_at, staff=frozenset({alert.about}))
    limit, before = min(alert.times, MOST), end + 1
    ids: list[int] = []
    for _ in range(PAGES):
        newest = kinds.newest(alert.about, events, before=before, limit=LOOKED_THROUGH)
        page = Entry.objects.filter(id__in=newest).order_by("-id")
        numbers = list(page.values_list("id", flat=True))
        told = facts.happened(Entry.objects.filter(id__in=numbers).order_by("-id"))
        ids += [number for number, one in told if chosen(then, one)]
        if len(ids) >= limit or len(told) == len(numbers):
            break
        before = numbers[-1]
    found = Entry.objects.filter(id__in=ids[:limit]).order_by("-id")
    return trail.lines(found, MOST) if ids else []
