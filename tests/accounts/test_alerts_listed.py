"""Lists of alerts: what is critical stands first, and what was closed says by whom, when and why."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.alerts import deeds
from audit.events import Event
from audit.models import Alert, Entry
from tests.support import cast, watching
from tests.support.alerts import LIST, MARKUP, alert, page_of
from tests.support.pages import text_of
from tests.support.strange_rows import slip_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

CLOSED = {"state": "closed"}


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.CACHES = watching.own_cache()
    return still_clock


def does(browser: Visitor, one: Alert, act: str, reason: str, **more: str) -> None:
    assert browser.post(f"{LIST}{one.pk}/{act}/", {**more, "reason": reason}).status_code == 302


def said_now() -> str:
    return f"{timezone.now():%-d %B %Y}"


def listed(browser: Visitor, **query: object) -> list[int]:
    return [row["alert"].pk for row in browser.get(LIST, query).context["rows"]]


# --- who, when and why ------------------------------------------------------------------------------


def test_a_closed_alert_says_who_closed_it_when_and_why_on_its_page_and_in_the_list(ada_here):
    one, two = alert(), alert("mail_late")
    does(ada_here, one, "close", "our own load test")
    does(ada_here, two, "close", "the mail server is back")
    assert "ada our own load test" in text_of(ada_here.get(page_of(one)))
    answer = ada_here.get(LIST, CLOSED)
    assert "Closed (UTC)" in text_of(answer) and said_now() in text_of(answer)
    why = {
        row["alert"].pk: [(one.who.username, one.deed.reason) for one in row["done"]]
        for row in answer.context["rows"]
    }
    assert why == {
        one.pk: [("ada", "our own load test")],
        two.pk: [("ada", "the mail server is back")],
    }
    for reason in ("our own load test", "the mail server is back"):
        assert text_of(answer).count(f"ada {reason}") == 1


def test_its_page_has_all_that_was_done_about_it(ada_here, clock):
    one = alert()
    does(ada_here, alert("mail_late"), "see", "of another")
    for act, more in (("see", {}), ("mute", {"hours": "8"}), ("close", {})):
        does(ada_here, one, act, f"a reason to {act}", **more)
        clock.forward(minutes=1)
    said = text_of(ada_here.get(page_of(one)))
    places = [said.index(f"ada a reason to {act}") for act in ("see", "mute", "close")]
    assert places == sorted(places) and "of another" not in said


def test_what_the_trail_does_not_have_any_more_has_no_reason(ada_here, ada):
    at = timezone.now() - timedelta(days=300)
    one = alert(state="closed", closed_at=at, closed_by=ada.subject_id)
    for answer in (ada_here.get(page_of(one)), ada_here.get(LIST, CLOSED)):
        said = text_of(answer)
        assert f"{at:%-d %B %Y}" in said and ", ada" in said
        assert "<br>" not in answer.content.decode()


def test_who_is_gone_is_a_mark_and_what_they_wrote_is_text(ada_here, ada, another_browser):
    cast.administrator("eve")
    eve = another_browser()
    eve.post("/accounts/login/", {"login": "eve", "password": cast.PASSWORD})
    one = alert()
    does(eve, one, "close", f"why not {MARKUP}")
    subject = User.objects.get(username="eve").subject_id
    User.objects.filter(username="eve").delete()
    for answer in (ada_here.get(page_of(one)), ada_here.get(LIST, CLOSED)):
        assert f"{subject[:8]}… why not" in text_of(answer)
        assert "<script>alert(1)" not in answer.content.decode()


def test_words_that_nobody_of_staff_wrote_are_put_into_nobodys_mouth(ada_here, monkeypatch):
    one = alert()
    does(ada_here, one, "close", "our own load test")
    closing = Entry.objects.get(event=Event.ALERT_CLOSED.value)
    forged = f"""'{{"alert": {one.pk}, "rule": "{one.rule}", "reason": "all is well"}}'"""
    monkeypatch.setattr(deeds, "MOST", 5)
    for _ in range(8):  # more than a page of them
        slip_in("facts", forged, like=closing.pk)
    for answer in (ada_here.get(page_of(one)), ada_here.get(LIST, CLOSED)):
        said = text_of(answer)
        assert "ada our own load test" in said and "all is well" not in said


def test_programs_are_told_the_same(ada_here, ada):
    one, still_open = alert(), alert("mail_late")
    does(ada_here, one, "close", "our own load test")
    does(ada_here, still_open, "see", "on it")
    told = deeds.closings(list(Alert.objects.all()))
    assert told.keys() == {one.pk}
    assert (told[one.pk].by, told[one.pk].at, told[one.pk].reason) == (
        ada.subject_id, timezone.now(), "our own load test",
    )  # fmt: skip
    assert deeds.closings([]) == {}


def test_what_the_list_of_closed_ones_costs_does_not_hang_on_how_many_there_are(ada_here):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            ada_here.get(LIST, CLOSED)
        return len(asked)

    does(ada_here, alert("network_accounts", "none"), "close", "our own load test")
    few = cost()
    for number in range(12):
        does(ada_here, alert("network_accounts", f"{number}"), "close", "ours as well")
    assert cost() == few


# --- in which order ---------------------------------------------------------------------------------


def test_critical_ones_stand_first_and_pages_go_on_behind_them(ada_here, monkeypatch):
    monkeypatch.setattr("accounts.staff_alerts.A_PAGE", 2)
    rules = ("staff_added", "failures_rise", "trail_wrong", "mail_late", "staff_method_removed")
    made = {rule: alert(rule).pk for rule in rules}
    shown: list[int] = []
    before = ""
    while True:
        answer = ada_here.get(LIST, {"before": before})
        shown += [row["alert"].pk for row in answer.context["rows"]]
        if not (before := answer.context["older"]):
            break
    order = ("staff_method_removed", "trail_wrong", "staff_added", "mail_late", "failures_rise")
    assert shown == [made[rule] for rule in order]
    assert listed(ada_here, state="new", before=made["staff_added"]) == shown[3:]


def test_of_the_closed_what_was_closed_last_stands_first(ada_here, monkeypatch, clock):
    monkeypatch.setattr("accounts.staff_alerts.A_PAGE", 2)
    at: datetime = timezone.now()
    ago = {"clock_off": 1, "failures_rise": 3, "staff_added": 2, "mail_late": 0}
    made = [
        alert(rule, state="closed", closed_at=at - timedelta(days=days)).pk
        for rule, days in sorted(ago.items(), key=lambda one: one[1])
    ]
    assert listed(ada_here, **CLOSED) == made[:2]
    assert listed(ada_here, **CLOSED, before=made[1]) == made[2:]


def test_pages_go_on_behind_what_is_gone(ada_here):
    one, two = alert(), alert("staff_added")
    assert listed(ada_here, before=two.pk + 1) == [two.pk, one.pk]
