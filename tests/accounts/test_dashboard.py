"""The dashboard of the staff desk: who may see it, that it tells what happened, and that nothing that
comes from outside moves it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.cache import cache

from accounts import watch
from accounts.lockout import budgets
from accounts.models import OutgoingMail, User
from audit import trail
from audit.events import Event
from audit.models import DailyGauge, Entry, HourCount
from audit.watch import gauges, tables
from tests.support import cast, watching
from tests.support.elements import Elements
from tests.support.trail import request_from
from tests.support.visitor import Visitor
from tests.support.watching import NOON, count

pytestmark = pytest.mark.django_db

PAGE = "/admin/dashboard/"
MARKUP = "<script>alert(1)</script>\x1b[31m\u202e"


@pytest.fixture(autouse=True)
def own_cache(settings) -> None:
    settings.CACHES = watching.own_cache()


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def desk(noon, ada: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    return browser


def words_of(answer) -> str:
    return " ".join(" ".join(Elements(answer.content.decode()).words).split())


# --- who may see it -------------------------------------------------------------------------------


def test_it_takes_a_permission_of_its_own(sue: User, sue_here: Visitor) -> None:
    for path in (PAGE, f"{PAGE}sign-ins.csv"):
        assert sue_here.get(path).status_code == 403
    assert b"Dashboard" not in sue_here.get("/admin/").content
    sue.user_permissions.add(Permission.objects.get(codename="view_dashboard"))
    for path in (PAGE, f"{PAGE}sign-ins.csv"):
        assert sue_here.get(path).status_code == 200
    assert PAGE.encode() in sue_here.get("/admin/").content


def test_whoever_holds_the_permission_and_is_no_staff_sees_nothing(alice: User) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="view_dashboard"))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert browser.get(PAGE)["Location"].startswith("/admin/login/")


def test_it_only_shows(ada_here: Visitor) -> None:
    for path in (PAGE, f"{PAGE}sign-ins.csv"):
        assert ada_here.post(path).status_code == 405


def test_the_permission_can_be_given_on_the_desk(ada_here: Visitor, alice: User) -> None:
    page = ada_here.get(f"/admin/accounts/user/{alice.pk}/change/").content.decode()
    assert "See the dashboard" in page


# --- what it says ---------------------------------------------------------------------------------


def test_a_fresh_site_has_a_quiet_dashboard(desk: Visitor) -> None:
    said = words_of(desk.get(PAGE))
    assert "Updated 12:20 UTC" in said
    assert said.count("Nothing was counted in this period.") == 10
    assert "the trail was never checked" in said and "worker" not in said


def test_tiles_tell_what_happened(desk: Visitor, alice: User, bob: User) -> None:
    alice.two_step_on = True
    alice.save()
    for person in (alice, bob, bob):
        trail.record(Event.SIGNED_IN, subject=person, method="password")
    trail.record(Event.SIGN_IN_FAILED, subject=bob, reason="wrong_password")
    trail.record(Event.SIGNUP_CONFIRMED, subject=bob)
    trail.record(Event.LIMIT_REACHED, subject=bob, budget="strangers")
    trail.record(Event.TRAIL_VERIFIED, verified=10, found=3)
    count()
    gauges.sample(500)
    page = desk.get(PAGE).content.decode()
    found = re.findall(r"<dt>(.*?)</dt><dd class=\"figure\">(.*?)</dd>", page)
    tiles = {re.sub(r"<[^>]+>", "", label): figure for label, figure in found}
    assert tiles == {
        "Sign-ins today": "4",  # ada's own among them
        "Failure rate": "20\u00a0%",
        "Active sessions": "1",
        "Accounts with a second step": "67\u00a0%",
        "New accounts": "1",
        "Open alerts": "0",
        "Messages waiting": str(OutgoingMail.objects.filter(state="waiting").count()),
    }
    said = words_of(desk.get(PAGE))
    assert "wrong in the trail, checked on 25 November 2026: 3" in said
    assert '<a href="/admin/audit/alert/">Open alerts</a>' in page
    assert "limits reached today: 1" in said and "as of 12:20 UTC" in said


def test_what_was_not_sampled_yet_is_no_zero(desk: Visitor) -> None:
    page = desk.get(PAGE).content.decode()
    for label in ("Active sessions", "Accounts with a second step"):
        assert f'<dt>{label}</dt><dd class="figure">–</dd><dd>not sampled yet</dd>' in page


def test_whoever_comes_after_the_first_sample_sees_themselves(noon, settings) -> None:
    """The worker starts before anybody has an account."""
    gauges.sample(500)
    assert DailyGauge.objects.get(name="people", detail="").value == 0
    noon.shift(timedelta(minutes=5))
    cast.administrator("ada")
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    said = words_of(browser.get(PAGE))
    assert "of 1 account as of 12:25 UTC" in said and "Active sessions 1" in said
    settings.CACHES = watching.own_cache()
    noon.shift(timedelta(minutes=5))
    assert "as of 12:25 UTC" in words_of(browser.get(PAGE))  # once is enough


def test_a_sample_of_another_day_is_said_with_its_day(desk: Visitor, noon) -> None:
    noon.shift(timedelta(days=-2))
    gauges.sample(500)
    noon.shift(timedelta(days=2))
    assert "as of 23 November 2026, 12:20 UTC" in words_of(desk.get(PAGE))


def test_a_worker_that_stands_still_is_said(desk: Visitor, noon) -> None:
    assert b"the worker is not at work" not in desk.get(PAGE).content
    noon.shift(timedelta(minutes=6))
    said = words_of(desk.get(PAGE))
    assert "Nothing is counted since 25 November 2026, 12:20 UTC" in said


def test_whoever_is_attacked_has_a_link_for_those_who_may_see_people(
    desk: Visitor, alice: User, tom: User
) -> None:
    tom.user_permissions.add(Permission.objects.get(codename="view_dashboard"))
    for _ in range(3):
        trail.record(
            Event.SIGN_IN_FAILED, subject=alice, request=request_from(), reason="wrong_password"
        )
    trail.record(Event.SIGN_IN_FAILED, label="nobody@example.org", reason="unknown_account")
    count()
    page = desk.get(PAGE).content.decode()
    link = f'<a href="/admin/accounts/user/{alice.pk}/change/"><bdi>alice</bdi></a>'
    assert link in page and "203.0.113.0/24" in page
    digest = trail.identifier_digest("nobody@example.org")
    assert f"A name that nobody has ({digest[:8]}…)" in page
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    page = browser.get(PAGE).content.decode()
    assert "alice" not in page and f"Account {alice.subject_id[:8]}…" in page
    assert "203.0.113" not in page and f"Network {trail.network_digest('203.0.113.7')[:8]}…" in page


def test_the_newest_acts_of_staff_are_told_with_their_reason(
    desk: Visitor, ada: User, alice: User
) -> None:
    for number in range(12):
        trail.record(
            Event.UNLOCKED_BY_STAFF, actor=ada, subject=alice, reason=f"ticket {number} {MARKUP}"
        )
    trail.record(Event.SIGNED_OUT, actor=alice, subject=alice)
    page = desk.get(PAGE).content.decode()
    assert page.count(">Staff unlocked your account<") == 0
    assert page.count("ticket ") == tables.MOST_ACTS
    assert "ticket 11" in page and "ticket 2 " in page and "ticket 1 " not in page
    assert "<script>alert" not in page and "\x1b" not in page and "\u202e" not in page
    told = Entry.objects.filter(event=Event.TRAIL_READ, actor_id=ada.subject_id)
    assert told.count() == 1
    desk.get(PAGE)
    assert told.count() == 1  # once a minute


def test_acts_and_reasons_are_for_those_who_may_read_the_trail(
    tom: User, ada: User, alice: User
) -> None:
    tom.user_permissions.add(Permission.objects.get(codename="view_dashboard"))
    trail.record(Event.UNLOCKED_BY_STAFF, actor=ada, subject=alice, reason="ticket 4411")
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    assert "ticket 4411" not in browser.get(PAGE).content.decode()
    assert not Entry.objects.filter(event=Event.TRAIL_READ).exists()
    tom.user_permissions.add(Permission.objects.get(codename="view_entry"))
    assert "ticket 4411" in browser.get(PAGE).content.decode()
    assert Entry.objects.filter(event=Event.TRAIL_READ, actor_id=tom.subject_id).exists()


def test_countries_that_were_texted_stand_with_their_limit(desk: Visitor, settings) -> None:
    settings.TEXT_URL = "console:"
    settings.TEXT_COUNTRIES = ["GB", "DE"]
    settings.POLICY_TEXTS_PER_COUNTRY_PER_HOUR = 2
    for _ in range(2):
        budgets.spend(budgets.COUNTRY_TEXTS, "DE")
    budgets.spend(budgets.COUNTRY_TEXTS, "GB")
    assert [(one.code, one.sent, one.is_closed) for one in watch.countries()] == [
        ("DE", 2, True),
        ("GB", 1, False),
    ]


# --- what moves it not ----------------------------------------------------------------------------

NONSENSE = ["", "7", "7d%00", "0d", "-1d", "9" * 8000, "<script>", "%F0%28%8C%28", "7d&period=x"]


@pytest.mark.parametrize("period", NONSENSE)
def test_a_period_that_is_none_is_said(desk: Visitor, period: str) -> None:
    answer = desk.get(f"{PAGE}?period={period}")
    assert answer.status_code == 200
    assert "There is no such period. These are the last 7 days." in answer.content.decode()
    assert "<script>" not in answer.content.decode()
    assert desk.get(f"{PAGE}sign-ins.csv?period={period}").status_code == 404


@pytest.mark.parametrize("slug", ["other", "sign_ins", "x" * 500, "..", "sign-ins%00"])
def test_a_plot_that_is_none_is_not_found(desk: Visitor, slug: str) -> None:
    assert desk.get(f"{PAGE}{slug}.csv").status_code == 404
    assert not Entry.objects.filter(event=Event.STAFF_NUMBERS_EXPORTED).exists()


def test_what_the_cache_holds_decides_nothing(desk: Visitor) -> None:
    """Nonsense under its key is no answer, and no error."""
    for nonsense in (b"\x80", 7, "{", "[]", '{"at": 1}'):
        cache.set("watch:1:7d", nonsense)
        assert desk.get(PAGE).status_code == 200


# --- what it costs --------------------------------------------------------------------------------


def test_a_look_costs_the_same_whatever_there_is(
    desk: Visitor, ada: User, statements_of, noon
) -> None:
    def cost(period: str) -> int:
        noon.shift(timedelta(seconds=61))
        with statements_of() as made:
            assert desk.get(f"{PAGE}?period={period}").status_code == 200
        return made.count

    trail.record(Event.SIGN_IN_FAILED, subject=ada, request=request_from(), reason="refused")
    trail.record(Event.UNLOCKED_BY_STAFF, actor=ada, subject=ada, reason="ticket")
    count()
    gauges.sample(500)
    few = cost("90d")
    for number in range(30):
        person = cast.person(f"p{number}")
        trail.record(
            Event.SIGN_IN_FAILED,
            subject=person,
            request=request_from(f"198.51.{number}.1"),
            reason="wrong_password",
        )
        trail.record(Event.UNLOCKED_BY_STAFF, actor=person, subject=person, reason="ticket")
    for hours in range(0, 90 * 24, 7):
        hour = NOON.replace(minute=0) - timedelta(hours=hours)
        HourCount.objects.create(hour=hour, event=Event.SIGNED_IN, detail="passkey", count=hours)
    count()
    assert (
        cost("90d") == few <= 30
    )  # three tell that people were named, one takes the key of the chain
    with statements_of() as made:
        desk.get(f"{PAGE}?period=90d")
    assert made.count <= few - 10
