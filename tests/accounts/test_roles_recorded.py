"""What a change of a role leaves in the trail, and that it takes a reason, also where the role goes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import Approval
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import own_groups, second_says
from tests.support.granting import administrator, at_desk, helpers
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

GROUPS = "/admin/auth/group/"
WHY = "ticket 4411"


def rights(*codenames: str) -> list[int]:
    found = Permission.objects.filter(codename__in=codenames)
    return list(found.values_list("pk", flat=True))


def edit(browser: Visitor, group: Group, name: str, *codenames: str) -> None:
    data = {"name": name, "permissions": rights(*codenames), "reason": WHY}
    assert browser.post(f"{GROUPS}{group.pk}/change/", data).status_code == 302


def facts() -> dict[str, object]:
    """Of the newest change, which is of the role that was named last: without the number of it."""
    said = dict(Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).latest("id").facts)
    assert said.pop("role") in numbers()
    return said


def numbers() -> set[int]:
    """Of the roles that are there, and of those that the trail says are gone."""
    gone = Entry.objects.filter(facts__change="deleted").values_list("facts", flat=True)
    return {own.pk for own in own_groups()} | {facts["role"] for facts in gone}


def test_what_came_and_went_is_named(ada_here):
    data = {"name": "helpers", "permissions": rights("view_user"), "reason": WHY}
    ada_here.post(f"{GROUPS}add/", data)
    given = {"change": "added", "permissions_given": ["accounts.view_user"], "reason": WHY}
    assert facts() == given
    group = own_groups().get()
    edit(ada_here, group, "helpers", "unlock_user")
    assert facts() == {
        "change": "changed",
        "permissions_given": ["accounts.unlock_user"],
        "permissions_taken": ["accounts.view_user"],
        "reason": WHY,
    }
    edit(ada_here, group, "night shift", "unlock_user")
    assert facts() == {"change": "changed", "was_called": "helpers", "reason": WHY}
    ada_here.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes", "reason": WHY})
    taken = {"change": "deleted", "permissions_taken": ["accounts.unlock_user"], "reason": WHY}
    assert facts() == taken


def test_so_it_is_with_the_second_word(ada_here, alice):
    group = helpers("view_user")
    alice.groups.add(group)
    edit(ada_here, group, "night shift", "view_user", "unlock_user")
    asked = Approval.objects.get()
    assert second_says() == 302
    assert facts() == {
        "change": "changed",
        "permissions_given": ["accounts.unlock_user"],
        "was_called": "helpers",
        "reason": WHY,
        "approval": asked.pk,
        "asked_by": asked.asked_by.subject_id,
    }


@pytest.mark.parametrize("reason", [None, "", " ", "x", "a" * 401])
def test_a_role_goes_with_a_reason_and_not_without(ada_here, alice, reason):
    group = helpers("view_user")
    alice.groups.add(group)
    page = text_of(ada_here.get(f"{GROUPS}{group.pk}/delete/"))
    assert "helpers (1 person)" in page and "Nobody is told by letter." in page
    data = {"post": "yes"} if reason is None else {"post": "yes", "reason": reason}
    chosen = {"action": "delete_selected", "_selected_action": [group.pk]}
    for where, more in ((f"{GROUPS}{group.pk}/delete/", {}), (GROUPS, chosen)):
        assert ada_here.post(where, data | more).status_code == 200
    assert own_groups().exists()
    assert not Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).exists()


def test_several_go_by_one_reason(ada_here):
    group, other = helpers("view_user"), Group.objects.create(name="others")
    chosen = {"action": "delete_selected", "_selected_action": [group.pk, other.pk]}
    asked = ada_here.post(GROUPS, chosen)
    assert "These 2 roles go" in text_of(asked) and own_groups().count() == 2
    saved = ada_here.post(GROUPS, chosen | {"post": "yes", "reason": WHY}, follow=True)
    assert "Deleted: helpers, others." in text_of(saved)
    assert not own_groups().exists()
    entries = Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value)
    assert [entry.facts["reason"] for entry in entries] == [WHY, WHY]


def test_nobody_deletes_several_of_which_one_is_above_them(ada):
    sam = administrator("sam")
    above = Group.objects.create(name="above")
    above.permissions.set(rights("grant_staff"))
    chosen = {"action": "delete_selected", "_selected_action": [helpers().pk, above.pk]}
    refused = at_desk(sam).post(GROUPS, chosen | {"post": "yes", "reason": WHY})
    assert refused.status_code == 403 and own_groups().count() == 2


@pytest.mark.parametrize("pk", ["0", "9" * 30, "x", "%00", "-1"])
def test_what_is_not_there_is_not_found(ada_here, pk):
    assert ada_here.get(f"{GROUPS}{pk}/delete/").status_code == 404


def test_a_hostile_name_is_shown_inert(ada_here):
    group = Group.objects.create(name="<script>alert(1)</script>")
    page = ada_here.get(f"{GROUPS}{group.pk}/delete/").content.decode()
    assert "&lt;script&gt;" in page and "<script>alert" not in page


def test_the_page_of_the_second_promises_no_letter_that_nobody_gets(ada_here, alice):
    group = helpers("view_user")
    alice.groups.add(group)
    edit(ada_here, group, "helpers", "view_user", "unlock_user")
    row = Approval.objects.get()
    page = text_of(at_desk(cast.administrator("max")).get(f"/admin/approvals/{row.pk}/"))
    assert "your colleague alone is told by letter" in page
    assert "whom it is about is told by letter" not in page


def test_an_equals_role_is_narrowed_and_what_it_took_is_named(db):
    """Never one with the right to grant: who hands out rights stays one of those."""
    sam, eve = administrator("sam"), administrator("eve")
    sam.user_permissions.add(*rights("unlock_user"))
    role = helpers("unlock_user")
    eve.groups.add(role)
    edit(at_desk(sam), role, "helpers")
    assert facts()["permissions_taken"] == ["accounts.unlock_user"]
    role.permissions.set(rights("grant_staff"))
    data = {"name": "helpers", "permissions": [], "reason": WHY}
    assert at_desk(sam).post(f"{GROUPS}{role.pk}/change/", data).status_code == 403
