"""Whoever makes somebody staff, or lets them do more, needs a second one; taking away takes one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.flows import grants, staff
from accounts.models import Approval, Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import form_of, page_of, second_says
from tests.support.granting import administrator, at_desk, helpers
from tests.support.pages import text_of
from tests.support.race import race

pytestmark = pytest.mark.django_db


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


# --- two of staff ---------------------------------------------------------------------------------


def test_somebody_is_made_staff_by_two(ada_here, ada, alice, mailbox):
    group = helpers("view_user")
    cast.administrator("max")
    said = ada_here.post(
        page_of(alice),
        form_of(alice, is_staff="on", groups=[group.pk], name="Alicia"),
        follow=True,
    )
    assert "wait for a second one of you" in text_of(said)
    alice.refresh_from_db()
    assert (alice.is_staff, alice.name) == (False, "Alicia") and not alice.groups.exists()
    assert mailbox.kinds("max@example.org") == ["approval_asked"]
    assert "Roles: helpers." in " ".join(mailbox.latest("max@example.org").text.split())
    row = Approval.objects.get()
    page = text_of(at_desk(User.objects.get(username="max")).get(f"/admin/approvals/{row.pk}/"))
    assert "ada asks for this" in page and "Staff: yes." in page and "ticket 4411" in page
    assert second_says() == 302
    alice.refresh_from_db()
    assert alice.is_staff and list(alice.groups.all()) == [group]
    assert mailbox.kinds(alice.email) == ["staff_changed", "staff_changed"]
    assert mailbox.latest("ada@example.org").kind == "approval_answered"
    entries = Entry.objects.filter(event=Event.STAFF_USER_CHANGED.value).order_by("id")
    assert [entry.facts["fields"] for entry in entries] == [["name"], ["groups", "is_staff"]]


def test_a_no_leaves_everything_as_it_was(ada_here, alice):
    ada_here.post(page_of(alice), form_of(alice, is_superuser="on"))
    assert second_says("no") == 302
    assert not fresh(alice).is_superuser and not Approval.objects.exists()


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_rights_are_taken_away_by_one(ada_here, alice, field):
    User.objects.filter(pk=alice.pk).update(**{"is_staff": True, field: True})
    ada_here.post(page_of(alice), form_of(alice, off=field))
    assert not getattr(fresh(alice), field) and not Approval.objects.exists()


@pytest.mark.parametrize(
    ("before", "after", "takes_two"),
    [(None, 30, False), (30, 10, False), (30, 60, True), (30, None, True)],
)
def test_a_later_end_takes_two_and_an_earlier_one_does_not(
    ada_here, alice, clock, before, after, takes_two
):
    today = clock.forward(seconds=0)
    was = today + timedelta(days=before) if before else None
    User.objects.filter(pk=alice.pk).update(is_staff=True, staff_until=was)
    day = f"{today + timedelta(days=after):%Y-%m-%d}" if after else ""
    ada_here.post(page_of(alice), form_of(alice, staff_until=day))
    assert Approval.objects.exists() is takes_two
    if takes_two:
        assert fresh(alice).staff_until == was
        assert second_says() == 302
    until = fresh(alice).staff_until
    assert (until.date() - today.date()).days == after + 1 if after else until is None


@pytest.mark.parametrize("day", ["2020-01-01", "9999-12-31", "31.12.2027", "tomorrow", "\x00", "-"])
def test_a_day_that_is_none_is_said_at_its_field(ada_here, alice, day):
    page = ada_here.post(page_of(alice), form_of(alice, is_staff="on", staff_until=day))
    assert page.status_code == 200 and "id_staff_until" in page.content.decode()
    assert not Approval.objects.exists()


def test_a_request_ends_with_a_change_of_its_account(ada_here, alice):
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    User.objects.filter(pk=alice.pk).update(credentials_version=9)
    assert second_says() == 404
    assert not fresh(alice).is_staff


def test_a_group_that_is_gone_meanwhile_is_not_given(ada_here, alice):
    group = helpers("view_user")
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", groups=[group.pk]))
    group.delete()
    assert second_says() == 404
    assert not fresh(alice).is_staff


def test_a_group_that_may_do_more_meanwhile_is_not_given(ada_here, alice):
    """Nobody is in it, so one of staff fills it alone: the second said yes to what it was."""
    group = helpers("view_user")
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", groups=[group.pk]))
    group.permissions.add(Permission.objects.get(codename="grant_staff"))
    assert second_says() == 404
    assert not fresh(alice).is_staff and not alice.groups.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_say_yes_at_once_one_does(ada_here, alice):
    desks = [at_desk(cast.administrator(name)) for name in ("max", "zoe")]
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    page = f"/admin/approvals/{Approval.objects.get().pk}/"
    yes = {"answer": "yes", "reason": "I called her"}
    answers = race(lambda number: desks[number].post(page, yes).status_code, 2)
    assert answers.count(302) == 1 and set(answers) <= {302, 404, 409}
    assert fresh(alice).is_staff
    assert Entry.objects.filter(event=Event.STAFF_APPROVAL_GIVEN.value).count() == 1


# --- nobody rises above whoever lifts them --------------------------------------------------------


def test_an_administrator_grants_what_they_have_and_nothing_else(by_hand, alice):
    sam = administrator("sam")
    request = by_hand(at_desk(sam), sam)
    strong = helpers("view_user", "switch_user")
    for values in (
        {"is_superuser": True},
        {"groups": [strong]},
        {"user_permissions": list(Permission.objects.filter(codename="switch_user"))},
    ):
        with pytest.raises(PermissionDenied):
            staff.change(request, alice, values, reason="because")
    assert not Approval.objects.exists()
    weak = list(Permission.objects.filter(codename="view_user"))
    assert not staff.change(
        request, alice, {"is_staff": True, "user_permissions": weak}, reason="because"
    )
    assert Approval.objects.get().asked_by == sam


def test_a_grant_that_ran_out_is_not_woken_before_it_is_cleared(by_hand, alice, clock):
    """Its row says superuser still: no administrator makes one."""
    now = clock.forward(seconds=0)
    User.objects.filter(pk=alice.pk).update(
        is_staff=True, is_superuser=True, staff_until=now - timedelta(minutes=1)
    )
    sam = administrator("sam")
    request = by_hand(at_desk(sam), sam)
    for values in ({"staff_until": now + timedelta(days=9)}, {"is_staff": True}):
        with pytest.raises(PermissionDenied):
            staff.change(request, fresh(alice), values, reason="because")
    assert not Approval.objects.exists()


def test_the_second_hands_out_no_more_than_they_have_either(ada_here, alice):
    """Ada may; Sam, who is no superuser, may not say yes to it."""
    ada_here.post(page_of(alice), form_of(alice, is_superuser="on"))
    administrator("sam")
    assert second_says(who="sam") == 404
    assert not fresh(alice).is_superuser


def test_an_administrator_reaches_no_superuser_and_no_other(by_hand, ada):
    sam, tim = administrator("sam"), administrator("tim")
    request = by_hand(at_desk(sam), sam)
    for person in (ada, tim, sam):
        with pytest.raises(PermissionDenied):
            staff.change(request, person, {"is_staff": False}, reason="because")


def test_whoever_asked_and_lost_the_right_has_asked_for_nothing(alice):
    sam = administrator("sam")
    at_desk(sam).post(page_of(alice), form_of(alice, is_staff="on"))
    assert Approval.objects.exists()
    sam.user_permissions.clear()
    assert second_says() == 404
    assert not fresh(alice).is_staff


# --- the command line -----------------------------------------------------------------------------


def test_an_operator_grants_alone(alice, mailbox, capsys):
    group = helpers("view_user")
    last_day = timezone.now().date() + timedelta(days=60)
    args = ("grant", "alice", "--role", "helpers", "--reason", "the only one here")
    args += ("--until", f"{last_day:%Y-%m-%d}")
    call_command("auth_user", *args, "--dry-run")
    assert not fresh(alice).is_staff
    call_command("auth_user", *args, "--yes", "--json")
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["done"] and facts["roles"] == ["helpers"]
    alice.refresh_from_db()
    assert alice.is_staff and list(alice.groups.all()) == [group]
    assert alice.staff_until == datetime.combine(last_day + timedelta(days=1), time(), tzinfo=UTC)
    assert "the only one here" in mailbox.latest(alice.email).text
    entry = Entry.objects.get(event=Event.STAFF_USER_CHANGED.value)
    assert entry.actor_id == "" and entry.subject_id == alice.subject_id
    assert not Session.objects.filter(user=alice).exists()
    more = ("--superuser", "--until", "never", "--yes", "--reason", "all of it")
    call_command("auth_user", "grant", "alice", *more)
    assert fresh(alice).is_superuser and fresh(alice).staff_until is None


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--role", "nobody's"],
        ["--superuser", "--until", "soon"],
        ["--superuser", "--until", "2020-01-01"],
        ["--superuser", "--until", "9999-12-31"],
        ["--superuser", "--until", "2099-12-31"],
    ],
)
def test_an_operator_is_told_what_is_no_grant(alice, options):
    with pytest.raises(CommandError) as refused:
        call_command("auth_user", "grant", "alice", *options, "--yes", "--reason", "because")
    assert refused.value.returncode == 2 and not fresh(alice).is_staff


def test_what_is_written_for_the_second_word_is_read_as_it_was(alice):
    group, until = helpers(), timezone.now() + timedelta(days=3)
    values = {"is_staff": True, "groups": [group], "staff_until": until}
    assert grants.asked(grants.wish(alice, values)) == values
