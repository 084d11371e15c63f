"""The page of an alert about what happened shows the entries that it was made of, to who may read the
trail: who did it, to whom, when, and where the rest stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.alerts import entries, rules
from audit.events import Event
from audit.models import Alert, Entry
from tests.support import watching
from tests.support.alerts import alert, page_of, quiet_site, signed_in_with
from tests.support.pages import text_of
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

GIVEN = {"fields": ["is_staff"], "marks_given": ["is_staff"], "reason": "joins the help desk"}
TAKEN = {"fields": ["is_staff"], "marks_given": [], "reason": "has left"}
CHANGED = Event.STAFF_USER_CHANGED


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.CACHES = watching.own_cache()
    quiet_site(settings)
    return still_clock


def wrote(event: Event, actor: User | None, subject: User | None, **facts: object) -> int:
    trail.record(event, actor=actor, subject=subject, request=request_from(), **facts)
    return Entry.objects.order_by("-id").values_list("id", flat=True)[0]


def made_of(one: Alert) -> list[int]:
    return [line.id for line in entries.of(one)]


def test_who_gave_a_mark_when_and_why_is_seen_at_one_look(ada_here, ada, alice, bob):
    wrote(CHANGED, ada, bob, **GIVEN)
    given = wrote(CHANGED, ada, alice, **GIVEN)
    taken = wrote(CHANGED, ada, alice, **TAKEN)
    answer = ada_here.get(page_of(alert("staff_added", alice.subject_id)))
    source, said = answer.content.decode(), text_of(answer)
    assert [row.line.id for row in answer.context["rows"]] == [given]
    assert f'href="/admin/audit/entry/{given}/change/"' in source
    assert f"/admin/audit/entry/{taken}/change/" not in source
    assert "What happened (UTC)" in said and "joins the help desk" in said
    assert f"/admin/audit/entry/?person={ada.subject_id}" in source


def test_of_what_took_two_both_are_named(ada_here, ada, alice, bob):
    wrote(CHANGED, ada, alice, approval=7, asked_by=bob.subject_id, **GIVEN)
    said = text_of(ada_here.get(page_of(alert("staff_added", alice.subject_id))))
    asked, second = said.index("Asked for by bob"), said.index("Second word by ada")
    assert said.index("What happened (UTC)") < asked < second


def test_a_lost_second_step_is_shown_as_it_was_then(alice):
    lost = wrote(Event.FACTOR_REMOVED, alice, alice, factor="app", of_staff="yes")
    wrote(Event.FACTOR_REMOVED, alice, alice, factor="app", of_staff="no")
    one = Alert(rule="staff_method_removed", about=alice.subject_id, found_at=timezone.now())
    assert made_of(one) == [lost]


def test_so_many_as_it_counts_are_shown_and_what_came_later_is_not(ada, alice, clock):
    ids = []
    for _ in range(4):
        ids.append(wrote(CHANGED, ada, alice, **GIVEN))
        clock.forward(minutes=10)
    third = timezone.now() - timedelta(minutes=19)
    assert made_of(Alert(rule="staff_added", about=alice.subject_id, found_at=third)) == [ids[2]]
    twice = Alert(rule="staff_added", about=alice.subject_id, found_at=third, times=2)
    assert made_of(twice) == [ids[2], ids[1]]


def test_a_new_device_is_found_behind_many_that_are_known(alice):
    new = wrote(Event.SIGNED_IN, alice, alice, device="new")
    for _ in range(60):
        wrote(Event.SIGNED_IN, alice, alice)
    one = Alert(rule="staff_new_device", about=alice.subject_id, found_at=timezone.now())
    assert made_of(one) == [new]


def test_a_check_that_found_something_is_shown_and_one_that_did_not_is_not(ada_here):
    found = wrote(Event.TRAIL_VERIFIED, None, None, verified=10, found=3)
    wrote(Event.TRAIL_VERIFIED, None, None, verified=10, found=0)
    answer = ada_here.get(page_of(alert("trail_wrong")))
    assert [row.line.id for row in answer.context["rows"]] == [found]


def test_where_no_entry_says_so_any_more_that_is_said(ada_here, alice):
    said = text_of(ada_here.get(page_of(alert("staff_added", alice.subject_id))))
    assert "No entry of the trail says so, or none any more." in said


def test_every_rule_about_what_happened_has_its_entries_and_no_other(ada_here):
    assert {name for name, rule in rules.RULES.items() if rule.is_of_events} == set(rules.MADE_OF)
    assert "What happened" not in text_of(ada_here.get(page_of(alert())))


def test_who_may_not_read_the_trail_sees_none_of_it_here(ada, alice):
    wrote(CHANGED, ada, alice, **GIVEN)
    one = alert("staff_added", alice.subject_id)
    answer = signed_in_with("view_alert").get(page_of(one))
    assert "joins the help desk" not in text_of(answer) and "rows" not in answer.context
    assert not Entry.objects.filter(event=Event.TRAIL_READ).exists()


def test_who_may_read_it_without_addresses_sees_none(ada, alice):
    wrote(CHANGED, ada, alice, **GIVEN)
    one = alert("staff_added", alice.subject_id)
    said = signed_in_with("view_alert", "view_entry").get(page_of(one)).content.decode()
    assert "joins the help desk" in said and "203.0.113" not in said


@pytest.mark.parametrize("rule", ["staff_added", "trail_wrong"])
def test_that_it_was_read_stands_in_the_trail(ada_here, ada, alice, rule):
    about = alice.subject_id if rule == "staff_added" else ""
    wrote(CHANGED, ada, alice, **GIVEN)
    ada_here.get(page_of(alert(rule, about)))
    told = Entry.objects.get(event=Event.TRAIL_READ)
    asked = {"asked": ["person"]} if about else {"asked": ["event"], "kind": "trail.verified"}
    assert (told.actor_id, told.subject_id, told.facts) == (ada.subject_id, about, asked)


def test_what_it_costs_does_not_hang_on_how_many_there_are(ada_here, ada, alice, bob):
    one = alert("staff_added", alice.subject_id, times=30)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            ada_here.get(page_of(one))
        return len(asked)

    wrote(CHANGED, ada, alice, **GIVEN)
    cost()  # that it was read is told once a minute
    few = cost()
    for number in range(25):
        wrote(CHANGED, (ada, bob)[number % 2], alice, **GIVEN)
    assert cost() == few and len(made_of(one)) == entries.MOST
