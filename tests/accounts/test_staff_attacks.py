"""Mallory got onto the staff desk with every permission there is but to grant any. Whatever he
sends, rights stay where they are, superusers stay as they are, and no secret can be asked out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied

from accounts.errors import CredentialsMoved, SessionEnded
from accounts.flows import groups, staff
from accounts.models import User
from accounts.roles import ROLES
from audit.models import Entry
from tests.support import cast
from tests.support.desk import LIST, form_of, page_of, state
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REFUSED = (400, 403, 404)
GROUPS = "/admin/auth/group/"


@pytest.mark.parametrize("victim", ["ada", "tom", "mallory"])
@pytest.mark.parametrize(
    "sent",
    [
        {"name": "Taken over"},
        {"off": "is_active"},
        {"off": "is_superuser"},
        {"is_superuser": "on", "is_staff": "on"},
        {"password": "sneaked in by hand ok", "email": "mallory@evil.example", "username": "root"},
        {"credentials_version": "1", "id": "1", "uuid": "0" * 32},
        {"_continue": "1"},
        {"_addanother": "1"},
        {"_popup": "1"},
        {"_to_field": "id", "_popup": "1"},
    ],
    ids="+".join,
)
def test_no_form_changes_superusers_staff_or_oneself(
    request, mallory_here, ada, tom, mallory, mailbox, victim, sent, everything
):
    person = request.getfixturevalue(victim)
    before = state(person)
    form = form_of(person, **({"name": "Taken over", "groups": [everything.pk]} | sent))
    assert mallory_here.post(page_of(person), form).status_code == 403
    assert state(person) == before and not mailbox.all()


def test_a_copy_is_no_way_to_make_somebody(mallory_here, alice, mallory):
    form = form_of(alice, _saveasnew="1", username="root2", is_superuser="on")
    assert mallory_here.post(page_of(alice), form).status_code == 403
    assert mallory_here.post(f"{LIST}add/", form).status_code == 403
    assert User.objects.count() == 2


@pytest.mark.parametrize("person", ["alice", "mallory", "ada", "tom"])
def test_nobody_is_given_rights_by_crafted_fields(
    request, mallory_here, alice, ada, tom, mallory, everything, person
):
    person = request.getfixturevalue(person)
    before = state(person)
    rights = {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [everything.pk],
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)),
        "groups_old": [everything.pk],
        "permissions": list(Permission.objects.values_list("pk", flat=True)),
    }
    mallory_here.post(page_of(person), form_of(person, **rights))
    assert state(person) == before


def test_the_flow_refuses_rights_whatever_page_asks_it(
    by_hand, mallory_here, mallory, alice, ada, tom, everything, ada_here
):
    rights = [{"is_staff": True}, {"is_superuser": True}, {"groups": [everything]}]
    rights += [{"user_permissions": Permission.objects.all()}]
    for values in rights:
        with pytest.raises(PermissionDenied):
            staff.change(by_hand(mallory_here, mallory), alice, values, reason="because")
    for person in (ada, tom, mallory):
        for values in ({"name": "x"}, {"is_active": False}, {}):
            with pytest.raises(PermissionDenied):
                staff.change(by_hand(mallory_here, mallory), person, values, reason="because")
        with pytest.raises(PermissionDenied):
            staff.send_reset_letter(by_hand(mallory_here, mallory), person, reason="because")
    for values in ({"password": "x"}, {"email": "x@example.org"}, {"credentials_version": 9}):
        with pytest.raises(PermissionDenied):
            staff.change(by_hand(ada_here, ada), alice, values, reason="because")
    with pytest.raises(PermissionDenied):
        groups.save(by_hand(mallory_here, mallory), everything, {"name": "x"}, reason="because")
    with pytest.raises(PermissionDenied):
        groups.delete(by_hand(mallory_here, mallory), [everything], reason="because")


def test_the_flow_asks_for_the_permission_itself(by_hand, mallory_here, mallory, alice):
    mallory.user_permissions.clear()
    with pytest.raises(PermissionDenied):
        staff.change(by_hand(mallory_here, mallory), alice, {"name": "x"}, reason="because")


def test_the_flow_looks_at_the_person_as_they_are_now(by_hand, mallory_here, mallory, alice):
    """Alice became staff after the page was drawn, or while the form was on its way."""
    as_loaded = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    with pytest.raises(PermissionDenied):
        staff.change(by_hand(mallory_here, mallory), as_loaded, {"name": "x"}, reason="because")
    with pytest.raises(PermissionDenied):
        staff.send_reset_letter(by_hand(mallory_here, mallory), as_loaded, reason="because")


def test_rights_taken_away_end_what_is_under_way(by_hand, mallory_here, mallory, alice):
    request = by_hand(mallory_here, mallory)
    User.objects.filter(pk=mallory.pk).update(credentials_version=2)
    with pytest.raises(SessionEnded):
        staff.change(request, alice, {"name": "x"}, reason="because")


def test_two_changes_of_one_persons_access_do_not_overwrite_each_other(
    by_hand, ada_here, ada, alice
):
    as_loaded = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(credentials_version=7, is_active=False)
    with pytest.raises(CredentialsMoved):
        staff.change(by_hand(ada_here, ada), as_loaded, {"is_staff": True}, reason="because")


@pytest.mark.parametrize("box", ["is_active", "is_staff", "is_superuser"])
def test_nobody_shuts_themselves_out(ada_here, by_hand, ada, box):
    before = state(ada)
    ada_here.post(page_of(ada), form_of(ada, off=box))
    assert state(ada) == before
    with pytest.raises(PermissionDenied):
        staff.change(by_hand(ada_here, ada), ada, {box: False}, reason="because")


@pytest.mark.parametrize("action", ["send_reset_letter", "delete_selected", "make_staff", ""])
@pytest.mark.parametrize("across", ["0", "1"])
def test_list_actions_do_nothing_to_whom_one_may_not_change(
    mallory_here, ada, tom, mallory, mailbox, action, across
):
    before = [state(person) for person in (ada, tom, mallory)]
    data = {"action": action, "_selected_action": [ada.pk, tom.pk, mallory.pk], "post": "yes"}
    data |= {"reason": "because I can", "select_across": across, "index": "0"}
    mallory_here.post(LIST, data)
    mallory_here.post(f"{LIST}?q=", data)
    assert [state(person) for person in (ada, tom, mallory)] == before and not mailbox.all()


def test_no_letters_to_everybody_at_once(mallory_here, mailbox):
    for number in range(51):
        User.objects.create(username=f"p{number}", email=f"p{number}@example.org")
    data = {"action": "send_reset_letter", "_selected_action": ["1"], "select_across": "1"}
    page = mallory_here.post(LIST, data | {"reason": "because I can"}, follow=True)
    assert "Choose at most 50 people at a time." in page.content.decode()
    assert not mailbox.all()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("victim", ["ada", "alice", "mallory"])
def test_nobody_is_deleted_nor_given_a_password(
    request, mallory_here, ada, alice, mallory, victim, method
):
    person = request.getfixturevalue(victim)
    before = state(person)
    data = {"post": "yes", "password1": "sneaked in by hand", "password2": "sneaked in by hand"}
    for page in ("delete", "password"):
        send = getattr(mallory_here, method)
        send(f"{LIST}{person.pk}/{page}/", data, follow=True)
        send(f"{LIST}{person.pk}/{page}/?_popup=1&_to_field=password", data, follow=True)
    assert mallory_here.post(f"{LIST}{person.pk}/delete/", data).status_code == 403
    assert state(person) == before


def test_groups_are_shut(mallory_here, mallory, everything):
    one = f"{GROUPS}{everything.pk}/"
    for page in (GROUPS, f"{GROUPS}add/", *(f"{one}{name}/" for name in ("change", "delete"))):
        assert mallory_here.get(page).status_code == 403
        data = {"name": "mine", "permissions": [1], "reason": "because", "post": "yes"}
        assert mallory_here.post(page, data).status_code == 403
    assert mallory_here.get(f"{one}history/").status_code == 404
    mallory_here.post(GROUPS, {"action": "delete_selected", "_selected_action": [everything.pk]})
    assert set(Group.objects.values_list("name", flat=True)) - {*ROLES} == {"everything"}
    assert everything.permissions.count() == Permission.objects.count()


def test_a_form_without_its_token_is_refused(ada, alice):
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    browser.handler.enforce_csrf_checks = True
    for page, data in (
        (page_of(alice), form_of(alice, name="Forged")),
        (LIST, {"action": "send_reset_letter", "_selected_action": [alice.pk], "reason": "x y z"}),
        (f"{GROUPS}add/", {"name": "forged", "reason": "because"}),
    ):
        assert browser.post(page, data).status_code == 403
    assert state(alice)["row"]["name"] == "Alice Adams"
    assert not Group.objects.exclude(name__in=ROLES).exists()
    assert not Entry.objects.filter(event__startswith="staff.").exists()
