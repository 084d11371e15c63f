"""What the desk asks of the database does not grow with the rows that it shows."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.backends import ask_at_once
from accounts.flows import (
    approval_answers,
    approvals,
    approvers,
    grants,
    groups,
    rights,
    staff_history,
)
from accounts.flows.approvals import Wish
from accounts.models import Approval, User
from audit import trail
from audit.events import Event
from tests.support import cast
from tests.support.granting import administrator, helpers

pytestmark = pytest.mark.django_db

WHY = "ticket 4411"


def queries(act) -> int:
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def ask(wish: Wish, asker: User) -> Approval:
    person = wish.person
    return Approval.objects.create(
        act=wish.act,
        permission=wish.permission,
        person=person,
        about=wish.about,
        asked=dict(wish.asked),
        asked_by=asker,
        asked_version=asker.credentials_version,
        reason=WHY,
        credentials_version=person.credentials_version if person else 0,
    )


def requests(number: int) -> None:
    """Of every kind, by askers of their own, about colleagues, some of whom are switched off."""
    group = Group.objects.create(name=f"group {number}")
    for one in range(number):
        sam = administrator(f"sam{number}x{one}")
        sam.user_permissions.add(*Permission.objects.filter(codename__in=rights_of_all))
        tom = cast.person(f"tom{number}x{one}", is_staff=True, is_active=one % 2 == 0)
        ask(grants.wish(tom, {"groups": [group]}), sam)
        ask(Wish("remove", "mfa.remove_second_step", tom), sam)
        ask(Wish("shorten", "mfa.shorten_recoveryrequest", tom, about=99), sam)
        more = {"permissions": list(Permission.objects.filter(codename="view_user"))}
        ask(groups._wish(group, more), sam)
        ask(Wish("export", "audit.export_entries", asked={"rows": 5000}), sam)


rights_of_all = (
    *("grant_staff", "view_user", "remove_second_step", "shorten_recoveryrequest"),
    *("export_entries", "view_entry"),
)


def test_what_waits_is_found_at_one_price(ada):
    requests(1)
    few = queries(lambda: approval_answers.waiting(ada))
    requests(4)
    found: list[Approval] = []
    many = queries(lambda: found.extend(approval_answers.waiting(ada)))
    assert many == few <= 12
    assert {row.act for row in found} == {"grant", "remove", "group", "export"}


def test_what_waits_is_the_same_as_one_by_one(ada):
    requests(3)
    sam = administrator("sam")
    for who in (ada, sam, User.objects.get(username="sam3x0")):
        one_by_one = [
            row.pk
            for row in approvals.live().select_related("person", "asked_by").order_by("-pk")
            if approvals.counts(row)
            and (row.asked_by == who or approval_answers.may_decide(who, row))
        ]
        assert [row.pk for row in approval_answers.waiting(who)] == one_by_one


def test_the_front_page_counts_what_waits_at_one_price(ada_here):
    requests(1)
    few = queries(lambda: ada_here.get("/admin/"))
    requests(4)
    assert queries(lambda: ada_here.get("/admin/")) == few


def test_who_could_say_yes_is_found_at_one_price(ada, alice):
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_active=False)
    alice = User.objects.get(pk=alice.pk)
    wish = grants.wish(alice, {"groups": [helpers("view_user")]})
    administrator("sam")
    few = queries(lambda: approvers.others(wish, ada))
    for number in range(6):
        administrator(f"sam{number}")
    found: list[User] = []
    many = queries(lambda: found.extend(approvers.others(wish, ada)))
    assert many == few <= 12 and len(found) == 7


def test_a_list_of_ones_own_requests_looks_for_colleagues_once(ada, ada_here):
    people = [cast.person(f"tom{number}", is_staff=True) for number in range(6)]
    administrator("sam")
    wishes = [Wish("remove", "mfa.remove_second_step", person) for person in people]
    one = queries(lambda: approvers.of_each(wishes[:1], ada))
    assert queries(lambda: approvers.of_each(wishes, ada)) == one


def test_a_history_is_read_at_one_price(ada, alice):
    def happens() -> None:
        trail.record(
            Event.STAFF_USER_CHANGED, actor=ada, subject=alice, fields=["name"], reason=WHY
        )

    happens()
    few = queries(lambda: staff_history.of(alice))
    for _ in range(5):
        happens()
        trail.record(Event.STAFF_SIGNED_OUT, actor=ada, subject=alice, reason=WHY)
        trail.record(Event.STAFF_HOLD_LIFTED, actor=ada, subject=alice, reason=WHY)
    assert queries(lambda: staff_history.of(alice)) == few <= 3
    assert len(staff_history.of(alice).deeds) == 16


def test_every_deed_of_staff_about_a_person_is_in_their_history():
    """What nobody is the subject of, what only looks, and what the page shows elsewhere is left out."""
    elsewhere = {
        Event.LIMIT_CLEARED, Event.STAFF_GROUP_CHANGED, Event.STAFF_NUMBERS_EXPORTED,
        Event.SIGN_IN_EXPLAINED, Event.STAFF_PERSON_READ, Event.STAFF_PEOPLE_READ,
        Event.STAFF_NOTE_ADDED, Event.ALERT_SEEN, Event.ALERT_MUTED, Event.ALERT_CLOSED,
    }  # fmt: skip
    of_staff = {event.value for event in Event if event.value.startswith("staff.")}
    left_out = of_staff - {event.value for event in elsewhere} - staff_history.SHOWN.keys()
    assert left_out == set()


# --- many asked at once ---------------------------------------------------------------------------


def test_who_may_what_is_the_same_at_once_as_one_by_one(ada, alice):
    sam, tom = administrator("sam"), cast.person("tom", is_staff=True, is_active=False)
    for person in (alice, tom):
        person.groups.add(Group.objects.get(name="support"))
    tom.user_permissions.add(Permission.objects.get(codename="grant_staff"))
    people = [User.objects.get(pk=person.pk) for person in (ada, alice, sam, tom)]
    ask_at_once(people)
    with CaptureQueriesContext(connection) as asked:
        may = [person.is_superuser or person.get_all_permissions() for person in people]
        ranks = [rights.rank(person) for person in people]
    assert not asked.captured_queries
    anew = [User.objects.get(pk=person.pk) for person in people]
    assert may == [person.is_superuser or person.get_all_permissions() for person in anew]
    assert ranks == [rights.rank(person) for person in anew] == [3, 0, 2, 2]
