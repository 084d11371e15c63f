"""What staff did about alerts, and why: who closes one says it to the trail, which is asked for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from audit import believed, trail
from audit.events import Event
from audit.models import Alert, Entry
from audit.trail import Line

CLOSING = (Event.ALERT_CLOSED,)
DEEDS = (Event.ALERT_SEEN, Event.ALERT_MUTED, *CLOSING)
# Of so many alerts as a page has, more than anybody does about them.
MOST = 1_000


@dataclass(frozen=True)
class Deed:
    """`by` is an opaque id."""

    event: str
    at: datetime
    by: str
    reason: str


def of(alerts: Collection[Alert], events: Collection[Event] = DEEDS) -> dict[int, list[Deed]]:
    """Of each alert, by its number, oldest first. That it was closed, when and by whom, says its row
    too, where the trail was pruned since; then nobody knows why. Two SELECTs, or none, where all of it
    is ours.

    SECURITY: an INSERT is all it takes to put words into somebody's mouth. What this site did not write
    is left out."""
    found: dict[int, list[Deed]] = defaultdict(list)
    if not alerts:
        return found
    told = Entry.objects.filter(
        event__in=[event.value for event in events], facts__alert__in=[one.pk for one in alerts]
    )

    def page(before: int | None) -> list[Line]:
        rows = (
            told.order_by("-id") if before is None else told.filter(id__lt=before).order_by("-id")
        )
        return trail.lines(rows, MOST)

    for line in reversed(believed.newest(page, MOST).lines):
        reason = str(line.facts.get("reason", ""))
        found[int(line.facts["alert"])].append(Deed(line.event, line.at, line.actor_id, reason))
    for alert in alerts:
        is_told = any(deed.event in CLOSING for deed in found[alert.pk])
        if alert.closed_at is not None and not is_told:
            closed = Deed(Event.ALERT_CLOSED.value, alert.closed_at, alert.closed_by, "")
            found[alert.pk].append(closed)
    return found


def closings(alerts: Collection[Alert]) -> dict[int, Deed]:
    """Who closed those of them that are closed, when and why. Two SELECTs, or none."""
    closed = [one for one in alerts if one.closed_at is not None]
    return {number: told[-1] for number, told in of(closed, CLOSING).items() if told}
