"""Whoever lets everybody in a group do more needs a second one of staff."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection

from accounts.errors import CredentialsMoved
from accounts.flows import groups
from accounts.models import Approval
from audit.events import Event
from audit.models import Entry
from tests.support.desk import own_groups, second_says
from tests.support.granting import administrator, at_desk, helpers
from tests.support.race import race
from tests.support.visitor import Visitor

WHY = "ticket 4411"
pytestmark = pytest.mark.django_db

GROUPS = "/admin/auth/group/"


def edit(browser: Visitor, group: Group, *codenames: str) -> None:
    permissions = Permission.objects.filter(codename__in=codenames).values_list("pk", flat=True)
    data = {"name": group.name, "permissions": list(permissions), "reason": "ticket 4411"}
    assert browser.post(f"{GROUPS}{group.pk}/change/", data).status_code == 302


def held(group: Group) -> set[str]:
    return set(group.permissions.values_list("codename", flat=True))


def test_more_for_everybody_in_a_group_takes_two(ada_here, alice):
    group = helpers("view_user")
    alice.groups.add(group)
    edit(ada_here, group, "view_user", "unlock_user")
    assert held(group) == {"view_user"}
    assert second_says() == 302
    assert held(group) == {"view_user", "unlock_user"}
    edit(ada_here, group)
    assert held(group) == set() and not Approval.objects.exists()


def test_a_group_that_nobody_is_in_is_edited_by_one(ada_here):
    group = helpers()
    edit(ada_here, group, "view_user")
    assert held(group) == {"view_user"}


def test_a_group_that_changed_meanwhile_is_not_changed_to_what_was_asked(ada_here, alice):
    group = helpers("view_user")
    alice.groups.add(group)
    edit(ada_here, group, "view_user", "unlock_user")
    group.permissions.clear()
    assert second_says() == 404
    assert held(group) == set()


def test_an_administrator_edits_groups_below_themselves(ada):
    sam = administrator("sam")
    desk = at_desk(sam)
    below, above = helpers("view_user"), Group.objects.create(name="above")
    above.permissions.set(Permission.objects.filter(codename="grant_staff"))
    edit(desk, below)
    assert held(below) == set()
    data = {"name": "above", "permissions": [], "reason": "ticket 4411"}
    assert desk.post(f"{GROUPS}{above.pk}/change/", data).status_code == 403
    more = Permission.objects.get(codename="switch_user")
    data = {"name": "helpers", "permissions": [more.pk], "reason": "ticket 4411"}
    assert desk.post(f"{GROUPS}{below.pk}/change/", data).status_code == 403
    assert (
        desk.post(f"{GROUPS}{above.pk}/delete/", {"post": "yes", "reason": WHY}).status_code == 403
    )


def test_several_groups_go_together_or_not_at_all(ada_here):
    group, other = helpers(), Group.objects.create(name="others")
    data = {
        "action": "delete_selected",
        "_selected_action": [group.pk, other.pk],
        "post": "yes",
        "reason": WHY,
    }
    lines = iter((1, 2))

    def watch(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "audit_entry"') and next(lines) == 2:
            raise DatabaseError("no room")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch), suppress(DatabaseError):
        ada_here.post(GROUPS, data)
    assert own_groups().count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_a_group_away_at_once_one_does(ada):
    group = helpers("view_user")
    desks = [at_desk(ada) for _ in range(4)]
    path = f"{GROUPS}{group.pk}/delete/"
    race(
        lambda number: desks[number].post(path, {"post": "yes", "reason": WHY}).status_code,
        len(desks),
    )
    assert not own_groups().exists()
    assert Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).count() == 1


def test_a_group_that_is_gone_meanwhile_does_not_come_back(by_hand, ada, ada_here):
    group = helpers("view_user")
    stale = Group.objects.get(pk=group.pk)
    group.delete()
    for act in (
        lambda request: groups.save(request, stale, {"name": "x"}, reason="because"),
        lambda request: groups.delete(request, [stale], reason=WHY),
    ):
        with pytest.raises(CredentialsMoved):
            act(by_hand(ada_here, ada))
    assert not own_groups().exists()
    assert not Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).exists()
