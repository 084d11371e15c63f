"""Whoever lets somebody do more answers for all that they may do then, as it is at that moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts.flows import (
    alerts,
    approval_answers,
    groups,
    lockouts,
    mail_queue,
    network_rules,
    rights,
    staff,
    staff_notes,
)
from accounts.flows.network_rules import Draft
from accounts.flows.rights import held_for
from accounts.lockout import full, known
from accounts.models import Approval, NetworkRule, User
from audit.models import Alert
from mfa.flows import staff as second_steps_by_staff
from tests.support import cast, full_limits
from tests.support.alerts import alert
from tests.support.desk import form_of, page_of
from tests.support.granting import administrator, at_desk, helpers
from tests.support.networks import deny
from tests.support.race import at_the_insert_of

pytestmark = pytest.mark.django_db

WHY = "ticket 4411"
MORE = {"codename": "switch_user"}


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def by_role(person: User) -> None:
    person.groups.add(helpers("switch_user"))


def by_itself(person: User) -> None:
    person.user_permissions.add(permission("switch_user"))


@pytest.mark.parametrize("left", [by_role, by_itself])
def test_what_lay_there_comes_to_life_with_the_mark(by_hand, alice, left):
    """Sam may not switch people off, so he makes nobody staff who could then."""
    left(alice)
    sam = administrator("sam")
    request = by_hand(at_desk(sam), sam)
    few = list(Permission.objects.filter(codename="view_user"))
    for values in ({"is_staff": True}, {"is_staff": True, "user_permissions": few}):
        if left is by_itself and "user_permissions" in values:
            continue  # those are all that alice has then
        with pytest.raises(PermissionDenied):
            staff.change(request, alice, values, reason=WHY)
    assert not Approval.objects.exists()
    without = {"is_staff": True, "groups": [], "user_permissions": few}
    assert not staff.change(request, alice, without, reason=WHY)
    assert Approval.objects.get().asked_by == sam


def test_neither_longer_nor_more_is_given_of_what_the_giver_has_not(by_hand, alice):
    until = timezone.now() + timedelta(days=3)
    User.objects.filter(pk=alice.pk).update(is_staff=True, staff_until=until)
    by_itself(alice)
    alice = User.objects.get(pk=alice.pk)
    sam = administrator("sam")
    request = by_hand(at_desk(sam), sam)
    both = list(Permission.objects.filter(codename__in=["view_user", "switch_user"]))
    for values in ({"staff_until": until + timedelta(days=9)}, {"user_permissions": both}):
        with pytest.raises(PermissionDenied):
            staff.change(request, alice, values, reason=WHY)
    assert staff.change(request, alice, {"user_permissions": []}, reason=WHY)
    assert not alice.user_permissions.exists()


def test_the_second_is_told_what_comes_to_life(ada_here, alice, mailbox):
    cast.administrator("max")
    alice.groups.add(helpers("view_user"))
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    told = " ".join(mailbox.latest("max@example.org").text.split())
    assert "Staff: yes. Roles: helpers." in told


# --- as the database has it, and not as the page had it -------------------------------------------


def edit_a_group(request, alice) -> None:
    groups.save(request, Group.objects.get(name="helpers"), {"name": "x"}, reason=WHY)


def add_a_group(request, alice) -> None:
    groups.save(request, Group(), {"name": "x"}, reason=WHY)


def delete_a_group(request, alice) -> None:
    groups.delete(request, [Group.objects.get(name="helpers")], reason=WHY)


def make_staff(request, alice) -> None:
    staff.change(request, alice, {"is_staff": True}, reason=WHY)


def asked_of(alice: User) -> Approval:
    max_ = cast.administrator("max")
    word = {"asked_by": max_, "asked_version": max_.credentials_version, "reason": WHY}
    about = {"person": alice, "credentials_version": alice.credentials_version}
    return Approval.objects.create(
        act="grant", permission=rights.GRANT, asked={"is_staff": True}, **word, **about
    )


def say_yes(request, alice) -> None:
    approval_answers.approve(request, asked_of(alice), reason=WHY)


def say_no(request, alice) -> None:
    approval_answers.refuse(request, asked_of(alice), reason=WHY)


def unlock(request, alice) -> None:
    staff.unlock(request, alice, reason=WHY)


def remove_second_steps(request, alice) -> None:
    second_steps_by_staff.remove(request, alice, reason=WHY)


def add_a_note(request, alice) -> None:
    staff_notes.add(request, alice, "called")


def clear_a_limit(request, alice) -> None:
    full_limits.tally("network_failures", "198.51.100.0", 60)
    [lockout] = full.page(known.named("network_failures")).rows
    lockouts.clear(request, lockout, reason=WHY)


def retry_a_letter(request, alice) -> None:
    mail_queue.retry(request, [], reason=WHY)


def deny_a_network(request, alice) -> None:
    network = ip_network("198.51.100.0/24")
    ends_at = timezone.now() + timedelta(days=1)
    network_rules.add_by_staff(request, Draft("deny", "site", network, WHY, ends_at))


def end_a_rule(request, alice) -> None:
    network_rules.end_by_staff(request, deny("198.51.100.0/24"), note=WHY)


def see_an_alert(request, alice) -> None:
    alerts.see(request, alert().pk, reason=WHY)


def mute_an_alert(request, alice) -> None:
    alerts.mute(request, alert().pk, hours=8, reason=WHY)


def close_an_alert(request, alice) -> None:
    alerts.close(request, alert().pk, reason=WHY)


@pytest.mark.parametrize(
    "act",
    [
        *(edit_a_group, add_a_group, delete_a_group, make_staff, unlock, remove_second_steps),
        *(add_a_note, clear_a_limit, retry_a_letter, deny_a_network, end_a_rule),
        *(see_an_alert, mute_an_alert, close_an_alert, say_yes, say_no),
    ],
)
def test_a_right_that_was_taken_since_the_page_asked_for_it_is_none(by_hand, alice, act):
    helpers()
    sam = administrator("sam")
    wanted = ("grant_staff", "unlock_user", "remove_second_step", "add_staffnote", "clear_lockout")
    wanted += ("retry_outgoingmail", "add_networkrule", "change_networkrule", "handle_alert")
    sam.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    request = by_hand(at_desk(sam), sam)
    assert request.user.has_perm("accounts.grant_staff")  # and keeps the answer
    sam.user_permissions.clear()
    with pytest.raises(PermissionDenied):
        act(request, alice)
    assert Group.objects.filter(name="helpers").exists()
    assert not Approval.objects.filter(asked_by=sam).exists()
    assert not NetworkRule.objects.filter(kind="deny", ended_at__isnull=False).exists()
    assert not Alert.objects.exclude(state="new").exists()


def test_what_an_act_takes_is_asked_of_the_database(by_hand, alice):
    assert held_for(None, alice, "accounts.unlock_user") == alice


# --- at once --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_role_is_not_widened_between_the_question_and_the_grant(ada_here, ada, alice):
    """Nobody is in it yet, so one of staff widens it alone: alice would have what was not asked for."""
    group = helpers("view_user")
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", groups=[group.pk]))
    row = Approval.objects.get()
    max_, zoe = at_desk(cast.administrator("max")), at_desk(cast.administrator("zoe"))
    wider = [permission("view_user").pk, permission("grant_staff").pk]

    def widen() -> int:
        data = {"name": "helpers", "permissions": wider, "reason": WHY}
        return zoe.post(f"/admin/auth/group/{group.pk}/change/", data).status_code

    yes = {"answer": "yes", "reason": "I called her"}
    with ThreadPoolExecutor(1) as pool:
        watch = at_the_insert_of("accounts_user_groups", widen, pool)
        with connection.execute_wrapper(watch):
            status = max_.post(f"/admin/approvals/{row.pk}/", yes).status_code
    may = User.objects.get(pk=alice.pk).has_perm("accounts.grant_staff")
    assert (status, may) == (302, False)
    assert User.objects.get(pk=alice.pk).groups.get() == group
