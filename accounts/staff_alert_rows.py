"""What the desk shows of an alert: whom and what it is about, as far as whoever asks may see it, and
what staff did about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import staff_words
from accounts.flows import rights
from accounts.models import User
from audit import reading
from audit.alerts import deeds, words
from audit.alerts.deeds import Deed
from audit.alerts.findings import About
from audit.alerts.rules import CRITICAL, RULES
from audit.events import Event
from audit.models import Alert
from audit.watch import tables

DONE: dict[str, str | Promise] = {
    Event.ALERT_SEEN.value: _("Seen (UTC)"),
    Event.ALERT_MUTED.value: _("Muted (UTC)"),
    Event.ALERT_CLOSED.value: _("Closed (UTC)"),
}


@dataclass(frozen=True)
class Done:
    """`who` is None where they are gone."""

    deed: Deed
    who: User | None

    @property
    def what(self) -> str | Promise:
        return DONE[self.deed.event]


def page(request: HttpRequest, alert: Alert) -> dict[str, Any]:
    """One, with all that was done about it, oldest first. Six SELECTs at most, and what it
    takes to say that it was read."""
    (row,) = _shown(request, [alert], deeds.of([alert]))
    return row


def rows(request: HttpRequest, alerts: list[Alert]) -> list[dict[str, Any]]:
    """Each with how it was closed. As many, however many they are."""
    closings = deeds.closings(alerts)
    return _shown(request, alerts, {number: [deed] for number, deed in closings.items()})


def _shown(
    request: HttpRequest, alerts: list[Alert], done: dict[int, list[Deed]]
) -> list[dict[str, Any]]:
    """Whom they are about is named to those who may see people, who did something to everybody. That
    the former were is in the trail, before anything is shown."""
    kinds = {name: rule.about for name, rule in RULES.items()}
    about = {one.about for one in alerts if one.about and rights.may_see(request.user)}
    known = staff_words.people(about | {deed.by for each in done.values() for deed in each})
    people = {who: person for who, person in known.items() if who in about}
    networks: dict[str, str] = {}
    digests = {one.about for one in alerts if kinds.get(one.rule) == About.NETWORK}
    if digests and request.user.has_perm("audit.view_addresses"):
        networks = tables.network_texts(sorted(digests))
    if (people or networks) and isinstance(request.user, User):
        reading.of_people(request.user, request, ["alerts"])
    return [
        _row(one, kinds.get(one.rule), people, networks)
        | {"done": [Done(deed, known.get(deed.by)) for deed in done.get(one.pk, ())]}
        for one in alerts
    ]


def _row(
    alert: Alert, kind: About | None, people: dict[str, User], networks: dict[str, str]
) -> dict[str, Any]:
    rule = RULES.get(alert.rule)
    return {
        "alert": alert,
        "title": rule.title if rule else alert.rule,
        "kind": str(kind or About.SITE),
        "is_critical": alert.rule in CRITICAL,
        "person": people.get(alert.about),
        "is_person": staff_words.is_a_subject(alert.about),
        "network": networks.get(alert.about, ""),
        "often": words.how_often(alert),
    }
