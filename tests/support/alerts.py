"""Alerts that stand on the desk, and what opens them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import time_machine
from django.contrib.auth.models import Permission

from audit.alerts import keeping
from audit.events import Event
from audit.models import Alert
from tests.support import cast
from tests.support.visitor import Visitor
from tests.support.watching import NOON, count, happens

ADA = "22222222-2222-4222-8222-222222222222"
LIST = "/admin/audit/alert/"
REASON = {"reason": "ticket 4411"}
MARKUP = "<script>alert(1)</script>\u202e"

# For a site that runs: alerts of several kinds, with numbers to draw.
ALARMED = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from audit import trail
from audit.models import Alert, AlertCheck
now = timezone.now()
AlertCheck.objects.update_or_create(pk=1, defaults={"checked_at": now})
hours = {f"{now - timedelta(hours=ago):%Y-%m-%d %H}": 90 - 3 * ago for ago in range(24)}
usual = {hour: 20 for hour in hours}
alice = User.objects.get(username="desk-maximiliane-von-hohenberg-sonnenschein").subject_id
there = trail.network_digest("2001:db8:6:6::")
for rule, about, numbers in (
    ("failures_rise", "", {"found": hours, "usual": usual}),
    ("network_accounts", there, {"found": hours}),
    ("staff_added", alice, {"found": {max(hours): 1}}),
):
    Alert.objects.create(rule=rule, about=about, numbers=numbers)
muted = now + timedelta(days=7)
Alert.objects.create(rule="mail_late", state="muted", muted_until=muted, numbers={"found": hours})
"""


def alert(rule: str = "failures_rise", about: str = "", **fields) -> Alert:
    numbers = {"found": {"2026-11-25 11": 3, "2026-11-25 12": 51}}
    return Alert.objects.create(rule=rule, about=about, numbers=numbers, **fields)


def page_of(one: Alert) -> str:
    return f"{LIST}{one.pk}/change/"


def signed_in_with(*codenames: str) -> Visitor:
    person = cast.person("quinn", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "quinn", "password": cast.PASSWORD})
    return browser


def everybody_is_staff(subjects: set[str]) -> set[str]:
    return set(subjects)


def quiet_site(settings: Any) -> None:
    """Nothing but the trail is looked at; whoever it is about is staff."""
    settings.WATCH_SOURCES = []
    settings.WATCH_STAFF = f"{__name__}.everybody_is_staff"
    settings.ALERTS = settings.ALERTS | {"clock_seconds": 10**12}


def looks(at: datetime = NOON) -> keeping.Report:
    """As a worker does, at that moment; and what it wrote is chained."""
    with time_machine.travel(at, tick=False):
        report = keeping.look()
    count()
    return report


def fails(times: int, at: datetime = NOON) -> None:
    happens(Event.SIGN_IN_FAILED, at, times, reason="wrong_password")


def on_a_new_device(at: datetime = NOON, subject: str = ADA) -> None:
    happens(Event.SIGNED_IN, at, subject=subject, device="new")


def close(at: datetime) -> None:
    Alert.objects.exclude(state=Alert.State.CLOSED).update(state=Alert.State.CLOSED, closed_at=at)


def rules_open() -> list[str]:
    still_open = Alert.objects.exclude(state=Alert.State.CLOSED).order_by("id")
    return list(still_open.values_list("rule", flat=True))
