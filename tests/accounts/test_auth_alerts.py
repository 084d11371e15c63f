"""`manage.py auth_alerts run|list`, and the worker that does the same: what is said, how it ends."""

from __future__ import annotations

import json
import threading
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import job_status, jobs
from accounts.outbox.worker import WATCHED_SECONDS, Watcher
from audit import trail
from audit.chain import linking
from audit.events import Event
from audit.models import Alert, AlertCheck, Entry
from tests.support import cast
from tests.support.held_elsewhere import held_elsewhere
from tests.support.roads import by_password
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command("auth_alerts", *arguments, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
        code = error.returncode
    except SystemExit as left:
        code = int(str(left.code))
    return out.getvalue(), code


@pytest.fixture
def wrong_trail(still_clock, settings) -> None:
    """Looked at once, and after that something was found wrong with it."""
    settings.ALERTS = settings.ALERTS | {"clock_seconds": 10**12}
    call_command("auth_alerts", "run", "--quiet")
    still_clock.forward(minutes=1)
    trail.record(Event.TRAIL_VERIFIED, verified=10, found=3)
    linking.link()


def test_a_run_says_what_is_new_and_exits_with_3(wrong_trail):
    said, code = run("run")
    assert code == 3
    assert (
        "critical trail_wrong new" in said
        and "12 rules: 1 new alert, 0 new again, 0 told of." in said
    )
    assert run("run", "--quiet") == ("", 0)
    assert Alert.objects.get().times == 1


def test_what_is_found_again_is_news_as_well(wrong_trail, still_clock):
    assert run("run")[1] == 3
    still_clock.forward(minutes=1)
    trail.record(Event.TRAIL_VERIFIED, verified=10, found=3)
    linking.link()
    said, code = run("run")
    assert code == 3 and "12 rules: 0 new alerts, 1 new again, 0 told of." in said
    assert "critical trail_wrong new" in said.splitlines()[0]
    assert said.splitlines()[0].endswith(", new again")


def test_a_dry_run_keeps_nothing(wrong_trail):
    said, code = run("run", "--dry-run")
    assert code == 3 and "Nothing was kept." in said and not Alert.objects.exists()


def test_it_speaks_json(wrong_trail, settings):
    settings.ALERTS = settings.ALERTS | {"email": "security@example.org"}
    said, code = run("run", "--json")
    told = json.loads(said)
    (opened,), renewed = told.pop("opened"), told.pop("renewed")
    assert renewed == []
    assert code == 3 and told.pop("seconds") >= 0
    assert told == {
        "command": "auth_alerts run", "dry_run": False, "rules": 12, "again": 0, "news": 0,
        "told": 1, "called": 0, "left": 0,
    }  # fmt: skip
    assert (opened["rule"], opened["critical"], opened["state"]) == ("trail_wrong", True, "new")
    assert (opened["times"], opened["counted"]) == (1, "events")
    (listed,) = json.loads(run("list", "--json")[0])["alerts"]
    assert listed == opened and len(mail.outbox) == 1


def test_what_is_listed(db):
    assert run("list") == ("No alerts.\n", 0)
    Alert.objects.create(rule="failures_rise", state="closed")
    one = Alert.objects.create(rule="network_accounts", about="ab" * 32)
    Alert.objects.create(rule="mail_late", state="muted")
    said, code = run("list")
    assert code == 0 and len(said.splitlines()) == 2
    assert f"{one.pk} warning network_accounts abababab… new" in said
    assert said.count("found in 1 hour") == 2
    assert "failures_rise" in run("list", "--state", "closed")[0]
    assert len(run("list", "--limit", "1")[0].splitlines()) == 1


def test_of_a_closed_one_is_told_by_whom_when_and_why(still_clock):
    ada = cast.administrator()
    one = Alert.objects.create(rule="failures_rise")
    assert json.loads(run("list", "--json")[0])["alerts"][0]["closed"] is None
    desk = Visitor()
    by_password(desk, "ada")
    desk.post(f"/admin/audit/alert/{one.pk}/close/", {"reason": "a drill,\u202e no more"})
    one.refresh_from_db()
    at = timezone.now()
    said, _code = run("list", "--state", "closed")
    assert said.endswith(f", closed {at:%Y-%m-%d %H:%M} by ada: a drill,\\u202e no more\n")
    (told,) = json.loads(run("list", "--state", "closed", "--json")[0])["alerts"]
    assert told["closed"] == {
        "at": at.isoformat(timespec="seconds"), "by": ada.subject_id, "name": "ada",
        "reason": "a drill,\\u202e no more",
    }  # fmt: skip
    ada.delete()
    assert f" by {one.closed_by}: " in run("list", "--state", "closed")[0]


@pytest.mark.parametrize("limit", ["0", "-1", "1001"])
def test_a_wrong_limit_is_wrong_usage(db, limit):
    assert run("list", "--limit", limit)[1] == 2


def test_one_runs_at_a_time(db):
    with held_elsewhere("auth_alerts"):
        said, code = run("run")
    assert code == 75 and "already running" in said


def test_the_worker_looks_once_a_minute_tells_and_notes_it(wrong_trail, still_clock, settings):
    settings.ALERTS = settings.ALERTS | {"email": "security@example.org"}
    watcher = Watcher(threading.Event())
    watcher.round()
    assert Entry.objects.get(event="alert.opened").facts["rule"] == "trail_wrong"
    assert len(mail.outbox) == 1
    looked = AlertCheck.objects.get().checked_at
    assert looked == timezone.now()
    still_clock.forward(seconds=30)
    watcher.round()
    assert AlertCheck.objects.get().checked_at == looked
    still_clock.forward(seconds=30)
    watcher.round()
    assert AlertCheck.objects.get().checked_at == timezone.now()
    assert watcher.pause() == WATCHED_SECONDS
    (status,) = [one for one in job_status.statuses() if one.name == jobs.ALERTS]
    assert status.state == "on_time" and status.run.rows == 1


def test_a_look_that_breaks_is_said_and_tried_again(settings, caplog):
    settings.WATCH_SOURCES = ["no.such.room"]
    watcher = Watcher(threading.Event())
    watcher.round()
    assert "Unexpected" in caplog.text and watcher.pause() < WATCHED_SECONDS
    (status,) = [one for one in job_status.statuses() if one.name == jobs.ALERTS]
    assert status.state == "failing"
