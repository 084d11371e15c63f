"""Somebody stays who may do everything, for good: the desk takes the last one away as little as they
may leave by themselves. And what comes back with an account that is switched on again takes two."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.errors import LastAdministrator
from accounts.flows import approval_answers, deletion, erasing, staff, staff_ends
from accounts.models import Approval, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import form_of, page_of, second_says, state
from tests.support.granting import at_desk, helpers
from tests.support.pages import text_of
from tests.support.race import at_the_insert_of, race, waits_for_a_lock

pytestmark = pytest.mark.django_db

WHY = "ticket 4411"


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def root(name: str, **fields: object) -> User:
    """A superuser, as `fields` have it."""
    user = cast.administrator(name)
    User.objects.filter(pk=user.pk).update(**fields)
    return fresh(user)


def soon() -> object:
    return timezone.now() + timedelta(days=1)


# --- the mark "staff" and what goes with it -------------------------------------------------------


def test_no_superuser_is_left_behind_the_mark_of_staff(ada_here, mailbox):
    bea = root("bea")
    saved = ada_here.post(page_of(bea), form_of(bea, off="is_staff"), follow=True)
    assert "The mark “superuser” went with the mark “staff”." in text_of(saved)
    assert (fresh(bea).is_staff, fresh(bea).is_superuser) == (False, False)
    entry = Entry.objects.filter(event=Event.STAFF_USER_CHANGED.value).latest("id")
    assert set(entry.facts["fields"]) == {"is_staff", "is_superuser"}
    assert "superuser" in mailbox.latest("bea@example.org").text.lower()


def test_one_that_lies_there_from_before_is_said_to_the_second(ada_here, mailbox):
    bea = root("bea", is_staff=False)
    cast.administrator("max")
    ada_here.post(page_of(bea), form_of(bea, is_staff="on"))
    told = " ".join(mailbox.latest("max@example.org").text.split())
    assert "Superuser: yes, may do everything" in told


def test_an_operator_takes_it_along_too(alice):
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    call_command("auth_user", "revoke", "alice", "--staff", "--yes", "--reason", WHY)
    assert not (fresh(alice).is_staff or fresh(alice).is_superuser)


# --- the last one ---------------------------------------------------------------------------------


def test_who_is_no_staff_is_no_administrator(ada):
    root("bea", is_staff=False)
    assert deletion.is_last_administrator(ada)
    User.objects.filter(pk=ada.pk).update(deletion_due_at=timezone.now() - timedelta(minutes=1))
    assert erasing.erase(ada.pk) is erasing.Outcome.LAST_ADMINISTRATOR


def test_the_last_one_stays_where_the_other_lost_the_mark(client, mailbox):
    ada, bea = cast.administrator("ada"), cast.administrator("bea")
    desk = at_desk(ada)
    assert desk.post(page_of(bea), form_of(bea, off="is_staff")).status_code == 302
    assert "Make someone else an administrator first." in text_of(desk.get("/accounts/delete/"))
    desk.post("/accounts/delete/", {"sure": "on"})
    assert fresh(ada).deletion_due_at is None


TAKEN = [
    {"off": "is_superuser"},
    {"off": "is_staff"},
    {"off": "is_active"},
    {"staff_until": f"{timezone.now() + timedelta(days=9):%Y-%m-%d}"},
]


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_one_with_an_end_takes_nothing_from_the_only_one_without(ada, mailbox, taken):
    tim = root("tim", staff_until=soon())
    before, letters = state(ada), len(mailbox.all())
    refused = at_desk(tim).post(page_of(ada), form_of(ada, **taken))
    assert refused.status_code == 409
    assert "make someone else an administrator first" in text_of(refused)
    assert state(ada) == before and len(mailbox.all()) == letters
    assert not Entry.objects.filter(event=Event.STAFF_USER_CHANGED.value).exists()


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_with_another_who_stays_it_is_done(ada, taken):
    tim = root("tim", staff_until=soon())
    root("bea")
    assert at_desk(tim).post(page_of(ada), form_of(ada, **taken)).status_code == 302
    assert not deletion.stays(ada) and deletion.administrators().count() == 1


def test_one_who_does_not_stay_anyway_is_no_last_one(ada):
    """Taking from whoever has an end takes nobody away that stays."""
    tim = root("tim", staff_until=soon())
    assert at_desk(ada).post(page_of(tim), form_of(tim, off="is_superuser")).status_code == 302
    assert not fresh(tim).is_superuser


def test_what_is_asked_for_besides_does_not_hide_it(ada, by_hand):
    """A role more makes all of it wait for a second one: who finds that nobody would be left."""
    tim, tom = root("tim", staff_until=soon()), root("tom", staff_until=soon())
    role = helpers("view_user")
    root("bea")
    at_desk(tim).post(page_of(ada), form_of(ada, off="is_superuser", groups=[role.pk]))
    row = Approval.objects.get()
    assert row.asked["is_superuser"] is False
    User.objects.filter(username="bea").update(is_active=False)
    assert second_says(who=tom.username) == 409
    assert fresh(ada).is_superuser and Approval.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_taken_away_at_once_one_stays(db):
    pair = [root("ada"), root("bea")]
    desks = [at_desk(root(name, staff_until=soon())) for name in ("tim", "tom")]
    forms = [form_of(one, off="is_superuser") for one in pair]

    def take(number: int) -> int:
        return desks[number].post(page_of(pair[number]), forms[number]).status_code

    statuses = race(take, 2)
    assert sorted(statuses) == [302, 409]
    assert deletion.administrators().count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_grant_that_takes_one_away_and_one_who_leaves_do_not_wait_for_each_other(by_hand):
    """zoe has the lowest number: who holds administrators begins with her."""
    zoe, ada, max_, bea = (root(name) for name in ("zoe", "ada", "max", "bea"))
    role = helpers("view_user")
    asked = {"staff_until": soon(), "groups": [role]}
    assert not staff.change(by_hand(at_desk(ada), ada), bea, asked, reason=WHY)
    row = Approval.objects.select_related("person", "asked_by").get()
    leaves, says = by_hand(at_desk(zoe), zoe), by_hand(at_desk(max_), max_)

    def run(act: Callable[..., object], *args: object, **named: object) -> object:
        try:
            return act(*args, **named)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            list(User.objects.select_for_update().filter(pk=zoe.pk))
            leaving = pool.submit(run, deletion.ask, leaves)
            while not (leaving.done() or waits_for_a_lock()):
                pass
            giving = pool.submit(run, approval_answers.approve, says, row, reason=WHY)
            while not (giving.done() or waits_for_a_lock(2)):
                pass
        leaving.result(timeout=30)
        giving.result(timeout=30)
    assert fresh(zoe).deletion_due_at is not None and fresh(bea).staff_until is not None
    assert {ada.pk, max_.pk} <= deletion.who_stay()


@pytest.mark.django_db(transaction=True)
def test_of_two_grants_that_take_one_away_at_once_one_stays(db):
    """Four who do not stay ask and answer, so nobody but those who stay is held by both."""
    pair = [root("ada"), root("bea")]
    desks = [at_desk(root(name, staff_until=soon())) for name in ("tim", "tom", "sam", "sue")]
    for number, one in enumerate(pair):
        role = Group.objects.create(name=f"role {number}")
        desks[number].post(page_of(one), form_of(one, off="is_superuser", groups=[role.pk]))
    rows, statuses = list(Approval.objects.order_by("pk")), []

    def say(number: int) -> None:
        path, yes = f"/admin/approvals/{rows[number].pk}/", {"answer": "yes", "reason": WHY}
        statuses.append(desks[2 + number].post(path, yes).status_code)

    with ThreadPoolExecutor(1) as pool:
        watch = at_the_insert_of("accounts_user_groups", lambda: say(1), pool)
        with connection.execute_wrapper(watch):
            say(0)
    assert sorted(statuses) == [302, 409]
    assert deletion.administrators().count() == 1


def test_when_the_end_of_the_other_comes_one_is_left(ada):
    tim = root("tim", staff_until=soon())
    at_desk(tim).post(page_of(ada), form_of(ada, off="is_superuser"))
    User.objects.filter(pk=tim.pk).update(staff_until=timezone.now())
    assert staff_ends.end_due(10) == 1
    assert list(deletion.administrators()) == [ada]


def test_the_flow_says_so_by_name(ada, by_hand):
    tim = root("tim", staff_until=soon())
    with pytest.raises(LastAdministrator):
        staff.change(by_hand(at_desk(tim), tim), ada, {"is_active": False}, reason=WHY)


# --- switched on again ----------------------------------------------------------------------------


@pytest.fixture
def eve(db) -> User:
    """Staff, switched off, with a right."""
    user = cast.person("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["unlock_user"]))
    User.objects.filter(pk=user.pk).update(is_active=False)
    return fresh(user)


def test_staff_are_switched_on_again_by_two(ada_here, eve, mailbox):
    cast.administrator("max")
    ada_here.post(page_of(eve), form_of(eve, is_active="on"))
    assert not fresh(eve).is_active
    told = " ".join(mailbox.latest("max@example.org").text.split())
    assert "Switched on: yes." in told and "Could do besides: Unlock." in told
    assert second_says() == 302
    assert fresh(eve).is_active
    assert Entry.objects.filter(event=Event.ACTIVATED.value, subject_id=eve.subject_id).exists()
    assert "The account was switched on." in mailbox.latest("eve@example.org").text


def test_the_page_of_switching_on_says_so_too(ada_here, eve, mailbox):
    cast.administrator("max")
    path = f"/admin/accounts/user/{eve.pk}/switch/"
    assert "so it takes two" in text_of(ada_here.get(path))
    said = text_of(ada_here.post(path, {"reason": WHY}, follow=True))
    assert "Rights of eve wait for a second one of you" in said and "Switched on: eve" not in said
    assert not fresh(eve).is_active
    assert second_says() == 302
    assert fresh(eve).is_active


@pytest.mark.parametrize("fields", [{"is_superuser": True}, {"is_staff": False}], ids=str)
def test_so_are_superusers_and_it_is_said(ada_here, eve, mailbox, fields):
    cast.administrator("max")
    User.objects.filter(pk=eve.pk).update(**{"is_superuser": True, **fields})
    ada_here.post(page_of(eve), form_of(eve, is_active="on"))
    assert not fresh(eve).is_active
    assert "Superuser: yes" in " ".join(mailbox.latest("max@example.org").text.split())


def test_everybody_else_is_switched_on_by_one(ada_here, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    alice.groups.add(helpers("view_user"))  # worth nothing without the mark
    ada_here.post(page_of(alice), form_of(alice, is_active="on"))
    assert fresh(alice).is_active and not Approval.objects.exists()


def test_whoever_loses_the_mark_with_it_is_switched_on_by_one(ada_here, eve):
    ada_here.post(page_of(eve), form_of(eve, is_active="on", off="is_staff"))
    assert fresh(eve).is_active and not fresh(eve).is_staff
    assert not fresh(eve).user_permissions.exists() and not Approval.objects.exists()


def test_whoever_is_switched_on_and_made_staff_is_made_staff_by_two(ada_here, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    ada_here.post(page_of(alice), form_of(alice, is_active="on", is_staff="on"))
    assert (fresh(alice).is_active, fresh(alice).is_staff) == (True, False)
    assert second_says() == 302
    assert fresh(alice).is_staff


def test_nobody_switches_on_what_they_do_not_have_themselves(eve):
    sam = cast.person("sam", is_staff=True)
    sam.user_permissions.set(
        Permission.objects.filter(codename__in=["view_user", "grant_staff", "switch_user"])
    )
    desk = at_desk(sam)
    assert desk.post(page_of(eve), form_of(eve, is_active="on")).status_code == 403
    assert not Approval.objects.exists() and not fresh(eve).is_active
    sam.user_permissions.add(Permission.objects.get(codename="unlock_user"))
    assert desk.post(page_of(eve), form_of(eve, is_active="on")).status_code == 302
    assert Approval.objects.exists() and not fresh(eve).is_active
