"""What the webhook did not take is told again: how often, and how long each waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import alert_webhook
from accounts.alert_webhook import TRIES, call
from audit.models import Alert
from tests.accounts.test_alert_webhook import MINUTE, hook
from tests.support.alerts import alert
from tests.support.watching import NOON

pytestmark = pytest.mark.django_db
__all__ = ["hook"]


def call_later(now: datetime) -> int:
    """The minute for which a program is left alone that does not answer is over."""
    alert_webhook.SERVER.heard(well=True)
    return call(now)


def test_it_is_given_up_after_so_many_tries_and_the_log_says_so(hook, caplog):
    hook.answer = (500, "")
    alert(found_at=NOON)
    now, tries = NOON, 0
    while Alert.objects.filter(called_at=None).exists():
        assert call_later(now) == 0
        tries += 1
        now += timedelta(minutes=20)
    assert tries == TRIES and "1 alerts were not told to the webhook" in caplog.text
    hook.answer = (200, "")
    alert("mail_late", found_at=now)
    assert call_later(now) == 1


def test_one_that_opens_late_in_an_outage_has_all_its_tries(hook, caplog):
    hook.answer = (500, "")
    old, now = alert(found_at=NOON), NOON
    for _ in range(TRIES - 1):
        call_later(now)
        now += timedelta(minutes=20)
    late = alert("trail_wrong", found_at=now)
    call_later(now)
    old.refresh_from_db()
    assert old.called_at is not None and "1 alerts were not told" in caplog.text
    for tried in range(1, TRIES):
        late.refresh_from_db()
        assert (late.called_at, late.calls) == (None, tried)
        now += timedelta(minutes=20)
        call_later(now)
    late.refresh_from_db()
    assert late.called_at is not None and late.calls == TRIES


def test_tries_of_one_that_was_closed_are_not_those_of_the_next(hook):
    hook.answer = (500, "")
    call_at, one = NOON, alert(found_at=NOON)
    for _ in range(TRIES - 1):
        call_later(call_at)
        call_at += timedelta(minutes=20)
    Alert.objects.filter(pk=one.pk).update(state="closed")
    two = alert("mail_late", found_at=call_at)
    call_later(call_at)
    two.refresh_from_db()
    assert (two.called_at, two.calls) == (None, 1)


def rules_told(asked: Any) -> list[str]:
    return [one["rule"] for one in asked.json["alerts"]]


def test_each_waits_as_long_as_it_was_tried_itself(hook):
    """What is new and critical does not wait out the twenty minutes of what was tried for an hour."""
    alert(found_at=NOON, calls=5)
    hook.answer = (500, "")
    assert call(NOON) == 0 and len(hook.asked) == 1
    alert("trail_wrong", found_at=NOON + MINUTE)
    assert call(NOON + MINUTE / 4) == 0 and len(hook.asked) == 1
    assert call(NOON + MINUTE) == 0 and rules_told(hook.asked[-1]) == ["trail_wrong"]
    assert call(NOON + 2 * MINUTE) == 0 and rules_told(hook.asked[-1]) == ["trail_wrong"]
    assert call(NOON + 2 * MINUTE + MINUTE / 2) == 0 and len(hook.asked) == 3
    hook.answer = (200, "")
    assert call(NOON + 25 * MINUTE) == 0 and len(hook.asked) == 3  # it is left alone for a minute
    assert list(Alert.objects.order_by("pk").values_list("calls", flat=True)) == [6, 2]
    assert call_later(NOON + 25 * MINUTE) == 2
    assert rules_told(hook.asked[-1]) == ["trail_wrong", "failures_rise"]


def test_a_clock_that_went_back_keeps_nobody_waiting(hook):
    hook.answer = (500, "")
    alert(found_at=NOON)
    assert call(NOON + 60 * MINUTE) == 0
    assert call(NOON) == 0 and len(hook.asked) == 2
