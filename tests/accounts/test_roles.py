"""The roles that come with the site: what each may do, on the pages and past them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.utils import timezone

from accounts import roles
from accounts.flows import proofs
from accounts.models import NetworkRule, OutgoingMail, User
from accounts.roles import ADMINISTRATOR, GUARDING, ROLES, SECURITY, SUPPORT, VIEWER
from audit.models import Alert
from mfa.models import RecoveryRequest
from tests.support import cast, recovering
from tests.support.desk import LIST, form_of, page_of
from tests.support.networks import deny
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAPER = settings.BASE_DIR / "docs" / "staff.md"


@pytest.fixture(autouse=True)
def _made(db):
    """As the migrations leave them, also after a test that emptied the tables."""
    make()


def make() -> None:
    editor = connection.schema_editor()
    import_module("accounts.migrations.0033_roles").roles(apps, editor)
    import_module("accounts.migrations.0036_alerts").roles(apps, editor)
    import_module("mfa.migrations.0007_roles").roles(apps, editor)


def member(role: str, name: str = "sue") -> User:
    user = cast.person(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def at_desk(user: User) -> Visitor:
    browser = Visitor(raise_request_exception=False)
    browser.post("/accounts/login/", {"login": user.username, "password": cast.PASSWORD})
    return browser


def of(role: str) -> set[str]:
    held = Permission.objects.filter(group__name=role)
    return {f"{one.content_type.app_label}.{one.codename}" for one in held}


def table() -> str:
    rows = [
        f"| {act.name} | `{act.permission}` |"
        + "".join(" yes |" if role in act.roles else " – |" for role in ROLES)
        for act in roles.acts()
    ]
    head = f"| act | permission | {' | '.join(ROLES)} |\n| --- | --- |{' --- |' * len(ROLES)}\n"
    return head + "\n".join(rows) + "\n"


def test_the_paper_has_the_table_of_the_code():
    found = re.search(r"<!-- roles:[^>]*-->\n(.*?)<!-- /roles -->", PAPER.read_text(), re.DOTALL)
    assert found and found.group(1) == table()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_exactly_the_permissions_of_the_table(role):
    assert of(role) == {act.permission for act in roles.acts() if role in act.roles}


def test_every_permission_of_the_table_exists_and_once():
    names = [act.permission for act in roles.acts()]
    assert len(names) == len(set(names)) and set(names) == of(ADMINISTRATOR)


def test_made_again_they_are_left_as_operators_have_them():
    support = Group.objects.get(name=SUPPORT)
    support.permissions.set(Permission.objects.filter(codename="view_user"))
    Group.objects.filter(name=VIEWER).update(name="readers")
    make()
    assert of(SUPPORT) == {"accounts.view_user"}
    assert Group.objects.filter(name="readers").exists()


def test_a_group_of_that_name_that_was_there_before_stays_as_it_was():
    Group.objects.all().delete()
    own = Group.objects.create(name=SECURITY)
    make()
    assert not own.permissions.exists() and of(ADMINISTRATOR)


def test_whoever_could_change_people_keeps_what_that_has_meant():
    helpers = Group.objects.create(name="helpers")
    change = Permission.objects.get(codename="change_user")
    helpers.permissions.add(change)
    sam = cast.person("sam", is_staff=True)
    sam.user_permissions.add(change)
    make()
    meant = {"accounts.unlock_user", "accounts.switch_user", "accounts.lift_hold"}
    assert meant <= of("helpers") and meant <= sam.get_all_permissions()
    assert "accounts.grant_staff" not in of("helpers") | sam.get_all_permissions()


# --- every act, by every role ---------------------------------------------------------------------


@pytest.fixture
def lost(db) -> User:
    """Somebody about whom there is something to do under every act."""
    person = recovering.lost("lost")
    recovering.ask(Visitor(), person.username, person.email)
    User.objects.filter(pk=person.pk).update(
        held_since=timezone.now(), deletion_due_at=timezone.now(), recovery_days=21
    )
    proofs.keep(proofs.new_proof(), email="new@example.org", user=person)
    return User.objects.get(pk=person.pk)


def person_page(name: str):
    return lambda person: f"{LIST}{person.pk}/{name}/"


def recovery_page(name: str):
    return lambda person: f"/admin/mfa/recoveryrequest/person/{person.pk}/{name}/"


def at(path: str):
    return lambda person: path


# By the permission that a page takes: where it is opened.
PAGES = {
    "accounts.view_user": at(LIST),
    "audit.view_entry": at("/admin/audit/entry/"),
    "audit.view_dashboard": at("/admin/dashboard/"),
    "audit.view_alert": at("/admin/audit/alert/"),
    "audit.handle_alert": lambda person: (
        f"/admin/audit/alert/{Alert.objects.get_or_create(rule='mail_late')[0].pk}/close/"
    ),
    "accounts.view_networkrule": at("/admin/accounts/networkrule/"),
    "accounts.view_lockout": at("/admin/accounts/lockout/"),
    "accounts.view_outgoingmail": at("/admin/accounts/outgoingmail/"),
    "accounts.view_jobrun": at("/admin/accounts/jobrun/"),
    "accounts.add_staffnote": person_page("note"),
    "accounts.unlock_user": person_page("unlock"),
    "accounts.sign_out_user": person_page("sign-out"),
    "accounts.send_reset_letter": person_page("reset-letter"),
    "accounts.resend_confirmation": person_page("resend"),
    "accounts.cancel_deletion": person_page("keep"),
    "accounts.add_networkrule": at("/admin/accounts/networkrule/add/"),
    "accounts.change_networkrule": lambda person: (
        f"/admin/accounts/networkrule/{NetworkRule.objects.get().pk}/end/"
    ),
    "accounts.switch_user": person_page("switch"),
    "accounts.lift_hold": person_page("lift-hold"),
    "accounts.lift_limits": person_page("lift-limits"),
    "accounts.grant_staff": at("/admin/auth/group/"),
    "mfa.view_recoveryrequest": at("/admin/mfa/recoveryrequest/"),
    "mfa.shorten_recoveryrequest": lambda person: (
        f"/admin/mfa/recoveryrequest/{RecoveryRequest.objects.get().pk}/shorten/"
    ),
    "mfa.remove_method": recovery_page("method"),
    "mfa.remove_second_step": recovery_page("remove"),
}
# Those that no page is for: where each is tested.
ELSEWHERE = {
    "audit.export_entries": "test_approvals.py::test_asking_takes_the_right",
    "audit.view_addresses": (
        "test_staff_events.py"
        "::test_without_the_right_to_addresses_there_are_none_and_none_is_asked_for"
    ),
    "accounts.view_staffnote": "test_staff_person.py::test_a_note_is_written_read_sealed_and_told",
    "accounts.retry_outgoingmail": (
        "test_mail_queue.py::test_it_takes_a_right_of_its_own_and_a_fresh_proof"
    ),
    "accounts.clear_lockout": (
        "test_lockouts_desk.py::test_it_takes_a_right_of_its_own_and_a_fresh_proof"
    ),
    "accounts.demand_password": "test_roles.py::test_the_list_offers_what_a_role_may",
    "accounts.change_user": "test_roles.py::test_the_form_of_a_person_offers_what_a_role_may",
}


def test_the_walk_knows_every_act():
    assert PAGES.keys() | ELSEWHERE.keys() == {act.permission for act in roles.acts()}
    assert not PAGES.keys() & ELSEWHERE.keys()
    for where in ELSEWHERE.values():
        module, _, test = where.partition("::")
        assert f"def {test}(" in Path(__file__).with_name(module).read_text(), where


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_pages_of_its_acts_and_no_other(role, lost):
    deny("203.0.113.0/24")
    desk = at_desk(member(role))
    mine = of(role)
    for permission, page in PAGES.items():
        status = desk.get(page(lost)).status_code
        assert status == (200 if permission in mine else 403), permission


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_its_acts_and_no_other(role, lost):
    """The same by POST, asked of the flow behind the page."""
    desk = at_desk(member(role))
    mine = of(role)
    acts = {
        name: page
        for name, page in PAGES.items()
        if name.startswith("accounts.") and not name.startswith("accounts.view_")
    }
    data = {"reason": "ticket 4411", "address": "new@example.org", "method": "app"}
    for permission in ("accounts.add_networkrule", "accounts.change_networkrule"):
        acts.pop(permission)
    for permission in ("accounts.grant_staff", "accounts.add_staffnote"):
        acts.pop(permission)
    for permission, page in acts.items():
        # What is under way ends with some of them.
        proofs.keep(proofs.new_proof(), email="new@example.org", user=lost)
        before = OutgoingMail.objects.count()
        status = desk.post(page(lost), data).status_code
        assert status == (302 if permission in mine else 403), permission
        assert (OutgoingMail.objects.count() > before) is (permission in mine), permission
        User.objects.filter(pk=lost.pk).update(
            is_active=True, held_since=timezone.now(), deletion_due_at=timezone.now()
        )


@pytest.mark.parametrize("role", ROLES)
def test_the_form_of_a_person_offers_what_a_role_may(role, alice):
    desk = at_desk(member(role))
    page = desk.get(page_of(alice)).content.decode()
    assert ('name="name"' in page) is (role == ADMINISTRATOR)
    assert ('name="is_staff"' in page) is (role == ADMINISTRATOR)
    assert ('name="is_active"' in page) is (role in GUARDING)
    assert 'name="is_superuser"' not in page
    changed = {"name": "Taken over", "is_staff": "on", "off": "is_active"}
    desk.post(page_of(alice), form_of(alice, **changed))
    alice.refresh_from_db()
    assert (alice.name == "Taken over") is (role == ADMINISTRATOR)
    assert alice.is_active is (role not in GUARDING) and not alice.is_staff


@pytest.mark.parametrize("role", ROLES)
def test_the_list_offers_what_a_role_may(role, alice):
    desk = at_desk(member(role))
    page = desk.get(LIST).content.decode()
    offered = {"send_reset_letter": (SUPPORT, ADMINISTRATOR), "demand_password": GUARDING}
    for action, allowed in offered.items():
        assert (f'value="{action}"' in page) is (role in allowed)
        data = {"action": action, "_selected_action": [alice.pk], "reason": "ticket 4411"}
        before = OutgoingMail.objects.count()
        desk.post(LIST, data)
        assert (OutgoingMail.objects.count() > before) is (role in allowed)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reaches_staff_above_it_or_beside_it(role, ada):
    tom = member(role, "tom")
    desk = at_desk(member(role))
    for person in (ada, tom):
        for name in ("unlock", "sign-out", "switch", "reset-letter"):
            page = f"{LIST}{person.pk}/{name}/"
            assert desk.post(page, {"reason": "because"}).status_code == 403


def test_an_administrator_helps_staff_below():
    tom = member(SECURITY, "tom")
    desk = at_desk(member(ADMINISTRATOR))
    assert desk.post(f"{LIST}{tom.pk}/sign-out/", {"reason": "lost laptop"}).status_code == 302


def test_roles_are_called_by_their_names_and_others_by_theirs(ada_here):
    Group.objects.create(name="<b>own</b>")
    page = ada_here.get("/admin/auth/group/").content.decode()
    assert "Administrator" in page and "&lt;b&gt;own&lt;/b&gt;" in page and "<b>own" not in page
