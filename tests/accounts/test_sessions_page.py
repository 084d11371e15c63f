"""A10: the sessions somebody has, and ending them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import KnownDevice, Session, User
from audit import sealing
from tests.support import cast
from tests.support.pages import text_of
from tests.support.places_file import LEEDS, write
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGE = "/accounts/sessions/"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(name: str = "alice", agent: str = "", ip: str = "127.0.0.1") -> Visitor:
    headers = {"user-agent": agent} if agent else {}
    browser = Visitor(headers=headers, REMOTE_ADDR=ip)
    browser.post("/accounts/login/", {"login": name, "password": cast.PASSWORD})
    return browser


def row_of(browser: Visitor) -> Session:
    return Session.objects.get(key=sealing.token_digest(browser.cookies["__Host-session"].value))


def listed(browser: Visitor, query: str = "") -> str:
    """The words of the list of sessions."""
    return text_of(browser.get(PAGE + query)).partition("Known devices")[0]


def crowd(user: User, count: int, **fields) -> None:
    """Sessions of one person, a second apart, the first one the newest."""
    now = timezone.now()
    Session.objects.bulk_create(
        Session(
            **{
                "key": f"{number:064}",
                "user": user,
                "data": "x",
                "user_agent": f"Mozilla/5.0 (X11; Linux x86_64) Firefox/{number}.0",
                "client_ip": f"10.0.{number // 250}.{number % 250}",
                "credentials_version": user.credentials_version,
                "signed_in_at": now - timedelta(minutes=1, seconds=number),
                "expires_at": now + timedelta(hours=1),
                "proved": [{"method": "password", "at": 0}],
                **fields,
            }
        )
        for number in range(count)
    )


# --- What is listed -------------------------------------------------------------------------------


def test_it_says_of_each_where_how_and_when(alice, clock, settings, tmp_path):
    settings.POLICY_IDLE_MINUTES = 600
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {"192.0.2.0/24": LEEDS})
    signed_in(agent=IPHONE, ip="192.0.2.7")
    clock.forward(hours=3)
    here = signed_in()
    said = listed(here)
    mine, theirs = said.split("Safari on iPhone")
    assert "Firefox on Linux This device 127.0.0.1 Signed in " in mine and "Active now" in mine
    assert "Leeds, United Kingdom (approximate) Signed in " in theirs
    assert re.search(r"by password · 3 hours ago Sign out", theirs)
    assert said.count("This device") == 1


def test_only_others_have_a_button_and_it_says_which(alice):
    signed_in(agent=IPHONE)
    page = signed_in().get(PAGE).content.decode()
    assert page.count('name="session"') == 1
    assert 'aria-label="Sign out Safari on iPhone"' in page
    assert "icons.svg" in page and page.count("#phone") and page.count("#laptop")


def test_whoever_has_one_session_reads_so_and_has_nothing_to_end(alice):
    said = listed(signed_in())
    assert "You are only signed in here." in said and "Sign out all other devices" not in said


def test_nobody_elses_session_is_listed_and_none_that_ended(alice, bob, clock):
    signed_in("bob", agent=IPHONE)
    signed_in(agent=WINDOWS)
    here = signed_in()
    assert "Windows" in listed(here) and "iPhone" not in listed(here)
    Session.objects.exclude(key=row_of(here).key).update(expires_at=timezone.now())
    assert "Windows" not in listed(here)
    crowd(alice, 2, credentials_version=alice.credentials_version + 1)
    crowd_of_old = Session.objects.filter(data="x")
    assert crowd_of_old.count() == 2 and "You are only signed in here." in listed(here)


def test_a_shorter_policy_holds_for_the_list_too(alice, clock, settings):
    signed_in(agent=WINDOWS)
    clock.forward(minutes=10)
    here = signed_in()
    settings.POLICY_IDLE_MINUTES = 5
    assert "Windows" not in listed(here) and "You are only signed in here." in listed(here)


def test_of_two_step_sign_in_only_what_proved_a_second_step_is_listed(alice):
    here = signed_in(agent=WINDOWS)
    signed_in(agent=IPHONE)
    User.objects.filter(pk=alice.pk).update(two_step_on=True)
    now = int(timezone.now().timestamp())
    Session.objects.filter(key=row_of(here).key).update(
        proved=[{"method": "password", "at": now}, {"method": "app", "at": now}]
    )
    said = listed(here)
    assert "by password and app code" in said and "iPhone" not in said


def test_a_later_proof_is_not_how_it_was_opened(alice, clock):
    here = signed_in()
    clock.forward(minutes=10)
    Session.objects.update(
        proved=[*row_of(here).proved, {"method": "passkey", "at": int(timezone.now().timestamp())}]
    )
    assert "by password ·" in listed(here) and "passkey" not in listed(here)


def test_sessions_of_one_known_device_stand_together(alice, clock):
    first = signed_in(agent=WINDOWS)
    clock.forward(minutes=1)
    signed_in(agent=IPHONE)
    clock.forward(minutes=1)
    again = Visitor(headers={"user-agent": WINDOWS})
    again.cookies["__Host-device"] = first.cookies["__Host-device"].value
    again.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    device = KnownDevice.objects.get(user_agent=WINDOWS)
    assert row_of(first).device == row_of(again).device == device.pk
    clock.forward(minutes=1)
    said = listed(signed_in())
    both = said.index("The same device as above")
    assert said.index("Firefox on Windows") < both < said.index("Safari on iPhone")


def test_a_sign_in_costs_no_statement_for_its_device(alice):
    """The number comes with what is written anyway."""
    with CaptureQueriesContext(connection) as asked:
        browser = signed_in()
    told = [one["sql"] for one in asked.captured_queries if "accounts_knowndevice" in one["sql"]]
    assert [sql.split()[0] for sql in told] == ["UPDATE", "INSERT"]
    assert row_of(browser).device == KnownDevice.objects.get().pk


# --- Pages ----------------------------------------------------------------------------------------


def numbers(page: str) -> list[int]:
    return [int(high) * 250 + int(low) for high, low in re.findall(r"10\.0\.(\d+)\.(\d+)", page)]


def test_twenty_a_page_and_every_session_once(alice):
    here = signed_in()
    crowd(alice, 45)
    seen, query, pages = [], "", 0
    while True:
        answer = here.get(PAGE + query).content.decode()
        seen += numbers(answer)
        pages += 1
        older = re.search(r'href="/accounts/sessions/(\?before=[^"]+)"', answer)
        if not older:
            break
        query = older[1]
    assert (seen, pages) == (list(range(45)), 3)
    assert "Known devices" not in answer and "This device" not in answer


def test_a_page_goes_on_where_it_was_when_the_row_it_began_at_has_ended(alice):
    here = signed_in()
    crowd(alice, 30, signed_in_at=timezone.now() - timedelta(minutes=2))  # all at one moment
    answer = here.get(PAGE)
    query = re.search(r"\?before=[^\"]+", answer.content.decode())[0]
    first = set(numbers(answer.content.decode()))
    Session.objects.filter(public_id=query.rpartition(".")[2]).delete()
    assert len(first) == 20
    assert set(numbers(listed(here, query))) == set(range(30)) - first


@pytest.mark.parametrize(
    "before", ["x", "-1.a", "9" * 18 + "." + "a" * 22, "9" * 17 + "." + "a" * 22, "\0", "1.%00"]
)
def test_a_mark_that_is_none_of_ours_harms_nothing(alice, before):
    here = signed_in()
    assert here.get(PAGE, {"before": before}).status_code == 200


@pytest.mark.parametrize("count", [3, 10_000])
def test_ten_thousand_sessions_cost_as_many_statements_as_three(alice, count):
    here = signed_in()
    crowd(alice, count)
    KnownDevice.objects.bulk_create(
        KnownDevice(user=alice, key=f"{number:064}") for number in range(19)
    )
    with CaptureQueriesContext(connection) as asked:
        here.get(PAGE)
    assert len(asked) <= 6, [one["sql"] for one in asked.captured_queries]


def test_the_list_is_read_by_its_index_and_sorts_nothing(alice):
    here = signed_in()
    crowd(alice, 200)
    with CaptureQueriesContext(connection) as asked:
        here.get(PAGE)
        here.get(PAGE, {"before": f"{10**15 * 1.8:.0f}." + "a" * 22})
    told = [one["sql"] for one in asked.captured_queries if "LIMIT 21" in one["sql"]]
    assert len(told) == 2
    for sql in told:
        assert '"data"' not in sql
        if connection.vendor != "sqlite":
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "session_of_user_newest_first" in plan and "TEMP B-TREE" not in plan, plan


# --- Hostile browsers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "agent",
    [
        "A" * 8192,
        "<script>alert(1)</script>" * 300,
        "=cmd|' /C calc'!A0\u202e\u0300",
        "\u0300" * 4000,
    ],
)
def test_what_a_browser_calls_itself_is_inert(alice, agent):
    other = signed_in(agent=IPHONE)
    Session.objects.filter(key=row_of(other).key).update(user_agent=agent[:300])
    KnownDevice.objects.update(user_agent=agent[:300])
    page = signed_in().get(PAGE)
    assert page.status_code == 200 and "Unknown device" in text_of(page)
    for part in ("alert(1)", "cmd|", "AAAAAAAA", "\u0300"):
        assert part not in page.content.decode()


def test_a_long_agent_with_line_ends_signs_in_and_is_listed(alice):
    agent = "Mozilla/5.0 <b>\r\n\tX: y" + "é" * 8000
    other = signed_in(agent=agent.encode().decode("latin-1"))
    here = signed_in()
    assert len(row_of(other).user_agent) <= 300
    assert "<b>" not in here.get(PAGE).content.decode().partition("<main")[2]
    assert here.post(PAGE, {"session": row_of(other).public_id}).status_code == 302
