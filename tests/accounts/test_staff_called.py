"""Who somebody is, where a username says nothing of anybody: told to those who may see people."""

from __future__ import annotations

import html

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import staff_person
from accounts.models import User
from audit import trail
from audit.events import Event
from audit.models import Alert, Entry
from tests.support import cast
from tests.support.desk import LIST, page_of
from tests.support.pages import text_of
from tests.support.trail import request_from
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

EVENTS = "/admin/audit/entry/"


def happens(person: User, event: Event = Event.SIGNED_IN, **facts) -> Entry:
    trail.record(event, subject=person, request=request_from(), **facts)
    return Entry.objects.latest("id")


def named(person: User, name: str) -> User:
    User.objects.filter(pk=person.pk).update(name=name)
    return User.objects.get(pk=person.pk)


def reader(*rights: str) -> Visitor:
    person = cast.person("vera", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "vera", "password": cast.PASSWORD})
    return browser


def test_people_are_called_by_their_name_or_else_their_address(ada_here, ada, alice):
    carl = cast.person("carl")
    named(alice, "Alice Liddell")
    entry = happens(alice, Event.STAFF_PASSWORD_DEMANDED, actor=ada, reason="ticket 4411")
    happens(carl)
    Alert.objects.create(rule="account_networks", about=carl.subject_id)
    for page, said in (
        (page_of(alice), "alice (Alice Liddell)"),
        (f"{LIST}{alice.pk}/history/", "ada Ada Archer"),
        (EVENTS, "Alice Liddell"),
        (EVENTS, "carl@example.org"),
        (f"{EVENTS}{entry.pk}/change/", "Alice Liddell"),
        ("/admin/dashboard/", "Alice Liddell"),
        ("/admin/audit/alert/", "carl@example.org"),
    ):
        assert said in text_of(ada_here.get(page)), page


def test_whoever_may_not_see_people_reads_usernames_alone(alice):
    browser = reader("view_entry", "view_dashboard")
    named(alice, "Alice Liddell")
    entry = happens(alice, Event.STAFF_PASSWORD_DEMANDED, reason="ticket 4411")
    happens(cast.person("carl"))
    for page in (EVENTS, f"{EVENTS}{entry.pk}/change/", "/admin/dashboard/"):
        said = browser.get(page).content.decode()
        assert "Alice Liddell" not in said and "carl@example.org" not in said, page


def test_names_are_asked_for_once(ada_here, alice):
    happens(alice)
    ada_here.get(EVENTS)
    with CaptureQueriesContext(connection) as few:
        ada_here.get(EVENTS)
    for number in range(6):
        happens(cast.person(f"carl{number}"))
    with CaptureQueriesContext(connection) as many:
        assert "carl5@example.org" in text_of(ada_here.get(EVENTS))
    assert len(few) == len(many)


def test_an_address_in_the_list_of_people_leads_to_their_page(ada_here, alice):
    page = ada_here.get(LIST).content.decode()
    assert f'<a href="{page_of(alice)}">alice@example.org</a>' in page


# --- the page of a person -------------------------------------------------------------------------


def test_what_happened_last_stands_above_the_form_without_who_looked(ada_here, ada, alice):
    happens(alice, Event.PASSWORD_CHANGED)
    ada_here.get(page_of(alice))
    page = ada_here.get(page_of(alice))
    assert [row.line.event for row in page.context["newest"]] == [Event.PASSWORD_CHANGED.value]
    text = page.content.decode()
    assert text.index('id="about-newest"') < text.index('id="user_form"')
    assert "Times on this page: UTC." in text_of(page)


def test_however_often_staff_look_what_happened_stays_on_the_page(ada_here, ada, alice):
    happens(alice, Event.PASSWORD_CHANGED)
    for number in range(staff_person.EVENTS):
        trail.record(Event.STAFF_PERSON_READ, actor=ada, subject=alice)
        trail.record(Event.TRAIL_READ, actor=ada, subject=alice, asked=[], entry=number)
    page = ada_here.get(page_of(alice))
    assert [row.line.event for row in page.context["rows"]] == [Event.PASSWORD_CHANGED.value]
    # And leads to who looked.
    looks = f"{EVENTS}?event=staff.person_read&about={alice.subject_id}"
    assert looks in html.unescape(page.content.decode())
    assert len(ada_here.get(looks).context["rows"]) == staff_person.EVENTS


def test_what_happened_is_for_those_who_may_see_events(alice):
    happens(alice, Event.PASSWORD_CHANGED)
    page = reader("view_user").get(page_of(alice))
    assert page.status_code == 200 and "about-newest" not in page.content.decode()


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, said",
    [
        ("accounts/outgoingmail/?state=dead", "Nothing fits what you asked for."),
        ("accounts/networkrule/", "No network rule is in this list."),
        ("mfa/recoveryrequest/", "No request for a new second step is in this list."),
        ("accounts/user/?locked=1", "Nothing fits what you asked for."),
        ("accounts/user/?q=nobody-at-all", "Nothing fits what you asked for."),
    ],
)
def test_a_list_without_rows_is_a_sentence_and_offers_no_act(ada_here, path, said):
    page = ada_here.get(f"/admin/{path}")
    text = page.content.decode()
    assert said in text_of(page)
    assert 'name="action"' not in text and 'class="paginator"' not in text


def test_a_list_with_rows_has_its_acts(ada_here, alice):
    text = ada_here.get(LIST).content.decode()
    assert 'name="action"' in text and 'class="paginator"' in text and 'class="nothing"' not in text


def test_a_phone_can_leave_out_what_is_empty(ada_here, alice):
    assert '<span class="none">–</span>' in ada_here.get(LIST).content.decode()


def test_how_many_have_a_role_is_counted_at_one_price(ada_here, alice, bob):
    Group.objects.get(name="support").user_set.add(alice, bob)
    ada_here.get("/admin/auth/group/")
    with CaptureQueriesContext(connection) as few:
        page = ada_here.get("/admin/auth/group/")
    counts = {group.name: group.people for group in page.context["cl"].result_list}
    assert counts["support"] == 2 and counts["viewer"] == 0
    for number in range(5):
        Group.objects.create(name=f"helpers {number}")
    with CaptureQueriesContext(connection) as many:
        ada_here.get("/admin/auth/group/")
    assert len(few) == len(many)
