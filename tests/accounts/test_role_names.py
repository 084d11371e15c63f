"""What a role is called: nobody says yes to one name and gives another, and a name is nobody's alone to
change where people have it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection

from accounts import roles
from accounts.errors import CredentialsMoved
from accounts.flows import groups, role_names
from accounts.models import Approval, User
from accounts.roles import ROLES
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import form_of, own_groups, page_of, second_says
from tests.support.granting import at_desk, helpers
from tests.support.pages import text_of
from tests.support.race import at_the_insert_of, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

GROUPS = "/admin/auth/group/"
WHY = "ticket 4411"


def names(browser: Visitor, group: Group, name: str, *, may: list[int] | None = None):
    held = may if may is not None else list(group.permissions.values_list("pk", flat=True))
    data = {"name": name, "permissions": held, "reason": WHY}
    return browser.post(f"{GROUPS}{group.pk}/change/", data)


def adds(browser: Visitor, name: str):
    return browser.post(f"{GROUPS}add/", {"name": name, "permissions": [], "reason": WHY})


def called(group: Group) -> str:
    return Group.objects.values_list("name", flat=True).get(pk=group.pk)


# --- those that came with the site ----------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_what_came_with_the_site_keeps_its_name(ada_here, by_hand, ada, role):
    group = Group.objects.get(name=role)
    names(ada_here, group, "tmp")
    assert called(group) == role
    with pytest.raises(CredentialsMoved):
        groups.save(by_hand(ada_here, ada), group, {"name": "tmp"}, reason=WHY)
    assert called(group) == role


def test_it_is_widened_and_narrowed_as_ever(ada_here):
    group = Group.objects.get(name="viewer")
    one = Permission.objects.get(codename="view_user")
    assert names(ada_here, group, "viewer", may=[one.pk]).status_code == 302
    assert list(group.permissions.all()) == [one]


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("name", [*ROLES, *map(str, ROLES.values())])
def test_its_name_is_nobody_elses_also_once_it_is_gone(ada_here, name, gone):
    if gone:
        Group.objects.all().delete()
    before = Group.objects.count()
    assert "Another role is called so" in text_of(adds(ada_here, name))
    assert Group.objects.count() == before


# --- names that read alike ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("HELPERS", "Helpers ", "help ers", "helpers.", "(helpers)", "help-ers"),
        *("\uff48\uff45\uff4c\uff50\uff45\uff52\uff53", "\u24d7elpers", "helper\u017f"),
    ],
)
def test_a_name_that_reads_like_another_is_refused(ada_here, name):
    helpers()
    assert "Another role is called so" in text_of(adds(ada_here, name))
    other = Group.objects.create(name="others")
    assert names(ada_here, other, name).status_code == 200
    assert own_groups().count() == 2 and called(other) == "others"


@pytest.mark.parametrize(
    "character",
    [
        *("\u200b", "\u200d", "\u202e", "\u2066", "\u00ad", "\ufeff", "\u3164", "\u2800", "\u034f"),
        *("\ufe0f", "\x1b", "\u2028", "\ue000", "\U000e0041"),
    ],
)
def test_a_name_with_what_nobody_sees_is_refused(ada_here, character):
    said = text_of(adds(ada_here, f"sup{character}port two"))
    assert "invisible character" in said and not own_groups().exists()


def test_a_name_is_kept_in_its_one_spelling(ada_here):
    assert adds(ada_here, "Cafe\u0301 \u00a0 crew").status_code == 302
    assert own_groups().get().name == "Caf\u00e9 crew"


@pytest.mark.parametrize("name", ["IT-Support", "Zweite Ebene", "支援", "Поддержка", "R&D", "+"])
def test_other_names_are_free(ada_here, name):
    assert adds(ada_here, name).status_code == 302
    group = own_groups().get()
    assert names(ada_here, group, f"{name} 2").status_code == 302
    assert names(ada_here, group, f"{name} 2").status_code == 302
    assert called(group) == f"{name} 2"


def test_the_flow_asks_too(ada_here, ada, by_hand):
    helpers()
    request = by_hand(ada_here, ada)
    for name in ("Helpers", "Viewer", "a\u200bb"):
        with pytest.raises(ValidationError):
            role_names.check(Group(), name)
        with pytest.raises(CredentialsMoved):
            groups.save(request, Group(name=name), {"name": name, "permissions": []}, reason=WHY)
    assert own_groups().count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_one_name_at_once_one_has_it(ada):
    desks = [at_desk(ada), at_desk(cast.administrator("max"))]
    spellings = ["Night shift", "night-shift"]
    statuses = race(lambda number: adds(desks[number], spellings[number]).status_code, 2)
    assert own_groups().count() == 1
    assert statuses.count(302) == 1 and set(statuses) <= {200, 302, 409}


# --- another name, where people have it -----------------------------------------------------------


def test_another_name_takes_two_where_people_have_it(ada_here, alice, mailbox):
    group = helpers("view_user")
    alice.groups.add(group)
    cast.administrator("max")
    assert names(ada_here, group, "night shift").status_code == 302
    assert called(group) == "helpers"
    told = " ".join(mailbox.latest("max@example.org").text.split())
    assert "Role: helpers." in told and "Its new name: night shift." in told
    assert "May do besides" not in told
    assert second_says() == 302
    assert called(group) == "night shift"
    assert set(group.permissions.values_list("codename", flat=True)) == {"view_user"}


def test_another_name_takes_two_while_it_is_asked_for(ada_here, alice):
    group = helpers("view_user")
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", groups=[group.pk]))
    assert names(ada_here, group, "night shift").status_code == 302
    assert called(group) == "helpers"
    assert Approval.objects.get(act="group").asked["name"] == "night shift"


@pytest.mark.django_db(transaction=True)
def test_a_role_gets_no_new_name_in_the_moment_in_which_it_is_asked_for(ada, alice):
    """The letter to the second one says the name that it had: whoever renames it waits, and finds that
    it is asked for."""
    group = helpers("view_user")
    asks, renames = at_desk(ada), at_desk(cast.administrator("max"))
    statuses: list[int] = []

    def rename() -> None:
        statuses.append(names(renames, group, "night shift").status_code)

    with ThreadPoolExecutor(1) as pool:
        watch = at_the_insert_of("accounts_approval", rename, pool)
        with connection.execute_wrapper(watch):
            asked = asks.post(page_of(alice), form_of(alice, is_staff="on", groups=[group.pk]))
    assert asked.status_code == 302 and statuses[0] in (302, 409)
    assert called(group) == "helpers"
    assert Approval.objects.get(act="grant").asked["groups"] == [group.pk]


def test_another_name_takes_one_where_nobody_has_it(ada_here):
    group = helpers("view_user")
    assert names(ada_here, group, "night shift").status_code == 302
    assert called(group) == "night shift"


def test_a_name_that_moved_meanwhile_ends_the_request(ada_here, alice):
    group = helpers("view_user")
    alice.groups.add(group)
    names(ada_here, group, "night shift")
    Group.objects.filter(pk=group.pk).update(name="late shift")
    assert second_says() == 404
    assert called(group) == "late shift"


def test_a_name_that_is_taken_meanwhile_is_not_given(ada_here, alice):
    group = helpers("view_user")
    alice.groups.add(group)
    names(ada_here, group, "night shift")
    Group.objects.create(name="Night Shift")
    assert second_says() == 409
    assert called(group) == "helpers" and Approval.objects.exists()


# --- what the second one reads --------------------------------------------------------------------


def test_the_second_reads_what_the_person_could_do_and_no_name_alone(ada_here, alice, mailbox):
    """A role of that name that nobody is in is filled by one of staff: the name says nothing."""
    viewer = Group.objects.get(name="viewer")
    codenames = [act.permission.partition(".")[2] for act in roles.acts()]
    every = Permission.objects.filter(codename__in=codenames)
    all_of_it = list(every.values_list("pk", flat=True))
    names(ada_here, viewer, "viewer", may=all_of_it)
    max_ = cast.administrator("max")
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", groups=[viewer.pk]))
    row = Approval.objects.get()
    page = text_of(at_desk(max_).get(f"/admin/approvals/{row.pk}/"))
    letter = " ".join(mailbox.latest("max@example.org").text.split())
    for said in (page, letter):
        assert "Could do besides:" in said
        for act in roles.acts():
            assert str(act.name) in said


def test_what_they_can_do_already_is_not_said_again(ada_here, alice, mailbox):
    cast.administrator("max")
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.groups.add(Group.objects.get(name="viewer"))
    more = [*alice.groups.values_list("pk", flat=True), helpers("unlock_user", "view_user").pk]
    ada_here.post(page_of(alice), form_of(alice, groups=more))
    letter = " ".join(mailbox.latest("max@example.org").text.split())
    assert "Could do besides: Unlock." in letter


def test_what_lies_there_without_the_mark_is_said(ada_here, alice, mailbox):
    cast.administrator("max")
    alice.groups.add(helpers("unlock_user"))
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    letter = " ".join(mailbox.latest("max@example.org").text.split())
    assert "Could do besides: Unlock." in letter


def test_an_operator_reads_the_same(alice, capsys):
    Group.objects.get(name="viewer").permissions.set(
        Permission.objects.filter(codename__in=["grant_staff", "unlock_user"])
    )
    args = ("grant", "alice", "--role", "viewer", "--reason", WHY, "--dry-run")
    call_command("auth_user", *args)
    said = capsys.readouterr().out
    assert "Could do besides: Make people staff, change groups; Unlock." in said


def test_nothing_is_recorded_of_a_name_that_is_refused(ada_here):
    adds(ada_here, "Viewer")
    assert not Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).exists()
