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
from django.db.models import F, QuerySet
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
    if not settings.ALERTS["webhook"] or not (waiting := _uncalled(now)[:MOST]):
        return 0
    if not _claimed(now, tried=max(one.calls for one in waiting)):
        return 0
    # Another worker may have told of some since.
    alerts = list(_uncalled(now)[:MOST])
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
    return telling.loud(now).filter(called_at=None)


def _claimed(now: datetime, *, tried: int) -> bool:
    """Whether it is time, and this worker's turn. The next one comes later the more often it was
    `tried`, also where this worker is not heard of again."""
    check = AlertCheck.objects.filter(pk=1).first()
    if check is None or (check.call_at is not None and check.call_at > now):
        return False
    pause = min(FIRST_PAUSE * 2**tried, LONGEST_PAUSE)
    mine = AlertCheck.objects.filter(pk=1, call_at=check.call_at)
    return bool(mine.update(call_at=now + pause))


def _taken(alerts: list[Alert], now: datetime) -> None:
    """They were told of, and what comes next is told at once."""
    with transaction.atomic():
        check = _held()
        _done(alerts, now)
        check.update(call_at=None)


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
