"""A program is told of alerts: signed, without names, once by one of several workers, again where it
did not take them, and not for ever."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from accounts import alert_webhook
from accounts.alert_webhook import SIGNATURE, call
from accounts.outbox.worker import Watcher
from accounts.outside import Server
from audit.alerts.keeping import look
from audit.models import Alert, AlertCheck
from authsite.alert_settings import _webhook
from authsite.environment import Environment
from tests.support.alerts import ADA, alert, looks, quiet_site
from tests.support.race import race, waits_for_a_lock
from tests.support.text_sink import TextSink
from tests.support.watching import NOON

pytestmark = pytest.mark.django_db

KEY = "0123456789abcdef0123456789abcdef"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hook(settings, monkeypatch) -> Iterator[TextSink]:
    """A program behind the address; it was not asked yet."""
    monkeypatch.setattr(alert_webhook, "SERVER", Server("tests", at_once=1, most_bytes=1_000))
    AlertCheck.objects.get_or_create(pk=1)
    with TextSink() as sink:
        sink.answer = (204, "")
        address = {"webhook": f"http://{sink.host}/alerts", "webhook_key": KEY}
        settings.ALERTS = settings.ALERTS | address | {"quiet_hours": None}
        yield sink


def signed(text: str) -> str:
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_what_is_new_is_told_at_once_signed_and_without_a_name(hook):
    alert(found_at=NOON)
    two = alert("staff_added", ADA, found_at=NOON, times=3)
    assert call(NOON) == 2
    (asked,) = hook.asked
    stamp, signature = asked.headers[SIGNATURE.lower()].split(",")
    assert stamp == f"t={int(NOON.timestamp())}"
    assert signature == "v1=" + signed(f"{stamp[2:]}.{asked.body.decode()}")
    assert asked.json["site"] == "testserver" and ADA not in asked.body.decode()
    assert asked.json["alerts"][0] == {
        "alert": two.pk,
        "rule": "staff_added",
        "severity": "critical",
        "about": signed(f"about.{ADA}")[:32],
        "found_at": "2026-11-25T12:20:00+00:00",
        "times": 3,
        "counted": "events",
        "number": 51,
        "usual": None,
        "url": f"https://testserver/admin/audit/alert/{two.pk}/change/",
    }
    assert (asked.json["alerts"][1]["about"], asked.json["alerts"][1]["counted"]) == ("", "hours")
    assert call(NOON + MINUTE) == 0 and len(hook.asked) == 1


def test_without_an_address_nobody_is_called(settings, hook):
    settings.ALERTS = settings.ALERTS | {"webhook": ""}
    alert()
    assert call(NOON) == 0 and not hook.asked


@pytest.mark.parametrize("state", ["seen", "muted", "closed"])
def test_what_somebody_has_seen_is_told_to_no_program(hook, state):
    alert(state=state)
    assert call(NOON) == 0 and not hook.asked


def test_at_quiet_hours_it_hears_what_is_critical(hook, settings):
    settings.ALERTS = settings.ALERTS | {"quiet_hours": (12, 13)}
    alert(found_at=NOON)
    assert call(NOON) == 0
    alert("trail_wrong", found_at=NOON)
    assert call(NOON) == 1 and call(NOON + 40 * MINUTE) == 1


@pytest.mark.parametrize(
    "answer", ["redirect", "hang up", (500, ""), (404, ""), (500, "x" * 9_000)]
)
def test_what_it_did_not_take_is_told_again_later(hook, answer):
    hook.answers = [answer]
    alert(found_at=NOON)
    assert call(NOON) == 0
    assert call(NOON + MINUTE / 3) == 0 and len(hook.asked) == 1
    assert call(NOON + MINUTE) == 1
    assert [one.path for one in hook.asked] == ["/alerts"] * 2


def test_one_that_says_nothing_is_waited_for_so_long_and_no_longer(hook, monkeypatch):
    assert alert_webhook.SECONDS == 5
    monkeypatch.setattr(alert_webhook, "SECONDS", 0.3)
    hook.answer = "silent"
    alert()
    began = time.monotonic()
    assert call(NOON) == 0
    assert time.monotonic() - began < 3


def test_what_was_found_again_while_it_was_told_stays_to_be_told(hook):
    one = alert(found_at=NOON)
    read = list(Alert.objects.all())
    Alert.objects.update(found_at=NOON + MINUTE)
    alert_webhook._done(read, NOON + MINUTE)
    one.refresh_from_db()
    assert one.called_at is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_calls(hook, monkeypatch):
    """Each a process of its own, that knows nothing of the others' calls."""
    monkeypatch.setattr(alert_webhook, "SERVER", Server("tests", at_once=6, most_bytes=1_000))
    alert(found_at=NOON)
    assert sum(race(lambda number: call(NOON), 6)) == 1
    assert len(hook.asked) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keeps", [alert_webhook._taken, alert_webhook._refused])
def test_what_the_webhook_said_is_kept_while_somebody_looks(keeps, settings):
    """A look holds them by number, and an UPDATE takes them as they lie in the table: where the first
    lies last, each would have what the other waits for."""
    quiet_site(settings)
    looks()
    one, two, three = (alert(rule, found_at=NOON) for rule in ("mail_late", "clock_off", "b"))
    Alert.objects.filter(pk=one.pk).update(times=2)  # lies behind the others from now on
    rows = list(Alert.objects.order_by("pk"))
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Alert.objects.select_for_update(no_key=True).get(pk=two.pk)
            Alert.objects.filter(pk=two.pk).update(times=3)
            running = []
            acts = (lambda: look(NOON + MINUTE), lambda: keeps(rows, NOON + MINUTE))
            for act in acts:
                running.append(pool.submit(with_own_connection, act))
                while not waits_for_a_lock(len(running)):
                    assert not any(one.done() for one in running)
        kept = [one.result(timeout=60) for one in running]
    assert not kept[0].lost
    for row in Alert.objects.filter(pk__in=[one.pk, two.pk, three.pk]):
        told = row.called_at == NOON + MINUTE
        assert told if keeps is alert_webhook._taken else (row.calls, told) == (1, False)


def with_own_connection(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connection.close()


def test_what_comes_next_is_told_at_once_where_the_last_one_was_taken(hook):
    alert(found_at=NOON)
    assert call(NOON) == 1
    alert("mail_late", found_at=NOON + MINUTE / 12)
    assert call(NOON + MINUTE / 12) == 1


@pytest.mark.parametrize("size", [0, 9_000])
def test_what_it_says_besides_its_status_is_not_waited_for(hook, size):
    hook.answer = (200, "x" * size)
    alert(found_at=NOON)
    assert call(NOON) == 1


@pytest.mark.django_db(transaction=True)
def test_the_worker_calls(hook, still_clock, settings):
    settings.ALERTS = settings.ALERTS | {"clock_seconds": 10**12}
    alert()
    Watcher(threading.Event()).round()
    assert len(hook.asked) == 1


def broken_source(now: Any) -> Any:
    raise LookupError("nothing to count")


@pytest.mark.django_db(transaction=True)
def test_what_was_found_before_is_told_while_looking_fails(hook, still_clock, settings):
    settings.WATCH_SOURCES = [f"{__name__}.broken_source"]
    settings.ALERTS = settings.ALERTS | {"clock_seconds": 10**12}
    alert()
    Watcher(threading.Event()).round()
    assert len(hook.asked) == 1


@pytest.mark.parametrize(
    "given, says",
    [
        ({"ALERTS_WEBHOOK": "http://hooks.example.org/a"}, "https"),
        ({"ALERTS_WEBHOOK": "https://ada:secret@hooks.example.org/a"}, "https"),
        ({"ALERTS_WEBHOOK": "ftp://hooks.example.org/a"}, "https"),
        ({"ALERTS_WEBHOOK": "https://hooks.example.org/a"}, "ALERTS_WEBHOOK_KEY"),
        (
            {"ALERTS_WEBHOOK": "https://hooks.example.org/a", "ALERTS_WEBHOOK_KEY": KEY[:31]},
            "ALERTS_WEBHOOK_KEY",
        ),
    ],
)
def test_an_address_or_key_that_is_none_stops_the_start(
    tmp_path, monkeypatch, given: dict[str, Any], says: str
):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=says):
        _webhook(Environment(tmp_path / "none"))


def test_an_address_with_its_key_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("ALERTS_WEBHOOK", "https://hooks.example.org/a")
    monkeypatch.setenv("ALERTS_WEBHOOK_KEY", KEY)
    found = _webhook(Environment(tmp_path / "none"))
    assert found == {"webhook": "https://hooks.example.org/a", "webhook_key": KEY}
