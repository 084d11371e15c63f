"""Alerts are told to a program: one POST for all that are new, signed, tried again for about an hour.
Whom they are about is said by a digest that means something to nobody else."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.urls import reverse
from django.utils import timezone

from accounts.outside import NoAnswer, Question, Server
from audit.alerts import telling, words
from audit.alerts.rules import CRITICAL
from audit.models import Alert, AlertCheck

logger = logging.getLogger(__name__)

SECONDS = 5.0
# In one call; the others follow.
MOST = 100
TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=20)
SIGNATURE = "X-Alerts-Signature"
SERVER = Server("The webhook of alerts", at_once=1, most_bytes=100_000)


def call(now: datetime | None = None) -> int:
    """Tell the webhook of what it was not told of yet, if it is time; returns of how many alerts. One
    of several workers does, outside of any transaction. Each is told of at least once, or given up
    after TRIES of its own, which the log says: it stands on the desk all the same."""
    now = now or timezone.now()
    if not settings.ALERTS["webhook"] or not _uncalled(now).exists():
        return 0
    # Not asked is not tried.
    if SERVER.is_left_alone or not (due := _claimed(now)):
        return 0
    # Another worker may have told of some since.
    alerts = list(_uncalled(now).filter(pk__in=due))
    if not alerts:
        return 0
    try:
        SERVER.ask(_question(alerts, now), seconds=SECONDS)
    except NoAnswer:
        _refused(alerts, now)
        return 0
    _taken(alerts, now)
    return len(alerts)


def _uncalled(now: datetime) -> Any:
    """The critical ones first."""
    is_critical = Case(When(rule__in=CRITICAL, then=0), default=1)
    return telling.loud(now).filter(called_at=None).order_by(is_critical, "pk")


def _claimed(now: datetime) -> list[int]:
    """Whose turn it is, at most MOST; none where another worker was quicker. After a call in vain,
    whoever it was about, each waits the longer the more often it was tried itself: what is new does not
    wait out the pause of what is not, and puts that off. Nor does it, where this worker is not heard of
    again."""
    check = AlertCheck.objects.filter(pk=1).first()
    if check is None:
        return []
    rows = _uncalled(now).values_list("pk", "calls")
    due = [pk for pk, calls in rows if _is_due(check.tried_at, calls, now)][:MOST]
    mine = AlertCheck.objects.filter(pk=1, tried_at=check.tried_at)
    return due if due and mine.update(tried_at=now) else []


def _is_due(tried_at: datetime | None, calls: int, now: datetime) -> bool:
    pause = min(FIRST_PAUSE * 2 ** max(calls - 1, 0), LONGEST_PAUSE)
    return tried_at is None or not tried_at <= now < tried_at + pause


def _taken(alerts: list[Alert], now: datetime) -> None:
    """They were told of, and what comes next is told at once."""
    with transaction.atomic():
        check = _held()
        _done(alerts, now)
        check.update(tried_at=None)


def _refused(alerts: list[Alert], now: datetime) -> None:
    """Once more in vain; those that were tried often enough are given up."""
    given_up = [one for one in alerts if one.calls + 1 >= TRIES]
    with transaction.atomic():
        _held()
        Alert.objects.filter(pk__in=[one.pk for one in alerts]).update(calls=F("calls") + 1)
        if given_up:
            _done(given_up, now)
    if given_up:
        logger.error("%d alerts were not told to the webhook: given up.", len(given_up))


def _held() -> QuerySet[AlertCheck]:
    """The row that whoever writes several alerts holds first, as a look and a letter do: each takes
    them in an order of its own, and two would wait for each other."""
    check = AlertCheck.objects.filter(pk=1)
    check.select_for_update().values_list("pk").first()
    return check


def _done(alerts: list[Alert], now: datetime) -> None:
    # What was found again meanwhile may be news.
    known = max(one.found_at for one in alerts)
    same = Alert.objects.filter(pk__in=[one.pk for one in alerts], found_at__lte=known)
    same.update(called_at=now)


def _question(alerts: list[Alert], now: datetime) -> Question[None]:
    body = json.dumps({"site": settings.SITE_HOST, "alerts": [_told(one) for one in alerts]})
    at = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: f"t={at},v1={_signed(f'{at}.{body}')}",
    }
    return Question(
        settings.ALERTS["webhook"],
        lambda answer: None,
        headers,
        body.encode(),
        otherwise=_heard,
        by_status=True,
    )


def _heard(status: int, body: bytes) -> None:
    """SECURITY: a redirect is not followed, it is no answer."""
    if not 200 <= status < 300:
        raise NoAnswer(f"it answered {status}")


def _told(alert: Alert) -> dict[str, Any]:
    found, usual = alert.numbers.get("found", {}), alert.numbers.get("usual", {})
    last = max(found, default="")
    return {
        "alert": alert.pk,
        "rule": alert.rule,
        "severity": "critical" if alert.rule in CRITICAL else "warning",
        "about": _signed(f"about.{alert.about}")[:32] if alert.about else "",
        "found_at": alert.found_at.isoformat(timespec="seconds"),
        "times": alert.times,
        "counted": words.counted(alert),
        "number": found.get(last, 0),
        "usual": usual.get(last),
        "url": settings.SITE_URL + reverse("admin:audit_alert_change", args=[alert.pk]),
    }


def _signed(text: str) -> str:
    key = settings.ALERTS["webhook_key"].encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
