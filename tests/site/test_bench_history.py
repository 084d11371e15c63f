"""The bench's long trail: what is measured of a dashboard is measured of a full one."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from accounts.models import OutgoingMail, Session, User
from audit import facts
from audit.events import Event
from audit.models import DailyFailures, DailyGauge, HourCount, HourFailures
from tests.bench import history, life
from tests.bench.filled import empty_parts
from tests.support import cast, watching
from tests.support.visitor import Visitor
from tests.support.watching import NOON

pytestmark = pytest.mark.django_db

PAGE = "/admin/dashboard/?period=90d"
# A day is long enough that each kind of thing has happened in it.
ENTRIES = history.DAYS * 110


def empty(desk: Visitor) -> list[str]:
    return empty_parts(desk.get(PAGE).content.decode())


@pytest.fixture
def desk(settings, ada: User):
    settings.CACHES = watching.own_cache()
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}
    with time_machine.travel(NOON.replace(hour=23), tick=False):
        Session.objects.create(
            key="a session of hers", user=ada, expires_at=NOON + timedelta(days=1)
        )
        history.fill(ENTRIES)
        browser = Visitor()
        browser.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
        yield browser


def test_a_filled_history_leaves_nothing_of_the_dashboard_empty(desk: Visitor, settings) -> None:
    assert empty(desk) == []
    settings.CACHES = watching.own_cache()
    for daily in (DailyFailures, DailyGauge):
        assert daily.objects.values("day").distinct().count() >= history.DAYS - 1
    for kept in (DailyFailures, HourFailures, OutgoingMail):
        kept.objects.all().delete()
    DailyGauge.objects.filter(name__in=["second_step", "sessions"], detail__in=["app", ""]).delete()
    HourCount.objects.filter(event=Event.PASSWORD_RESET_FINISHED).delete()
    assert empty(desk) == [
        "Active sessions",
        "Messages waiting",
        "Accounts with a second step: Authenticator app",
        "Password resets: Completed",
        "Password resets: Completed, in the period before",
        "Networks with most failures",
        "Accounts under attack",
    ]


def test_another_page_is_no_full_dashboard() -> None:
    with pytest.raises(ValueError):
        empty_parts("<p>Something went wrong.</p>")


def test_what_happens_is_what_can_happen() -> None:
    for event, said in [*life.USUAL, *life.RARE]:
        assert facts.cleaned(Event(event).allowed, said) == said
    assert len(life.USUAL) == 100
