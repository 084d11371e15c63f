"""A grant with an end: nothing of it counts from that moment on, and the worker takes it away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.flows import approvals, deletion, staff_ends
from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import form_of, page_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def tess(clock) -> User:
    """Staff for ten days: by a group, and with a permission besides."""
    until = clock.forward(seconds=0) + timedelta(days=10)
    tess = cast.person("tess", is_staff=True, staff_until=until)
    group = Group.objects.create(name="for a while")
    group.permissions.set(Permission.objects.filter(codename="view_user"))
    tess.groups.add(group)
    tess.user_permissions.set(Permission.objects.filter(codename="unlock_user"))
    return User.objects.get(pk=tess.pk)


def at_desk(user: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": user.username, "password": cast.PASSWORD})
    return browser


def test_from_that_moment_on_no_page_of_the_desk_opens(tess, clock):
    until = tess.staff_until
    clock.forward(days=9, hours=23, minutes=58)
    desk = at_desk(tess)
    assert desk.get("/admin/accounts/user/").status_code == 200
    assert tess.has_perm("accounts.unlock_user")
    clock.forward(minutes=3)
    assert desk.get("/admin/accounts/user/", follow=True).status_code == 403
    late = User.objects.get(pk=tess.pk)
    assert not late.is_staff and late.staff_until == until
    assert late.get_all_permissions() == set()


def test_a_superuser_whose_time_is_over_may_nothing(clock):
    until = clock.forward(seconds=0) + timedelta(days=1)
    root = cast.administrator("root", staff_until=until)
    assert User.objects.get(pk=root.pk).has_perm("accounts.grant_staff")
    clock.forward(days=2)
    late = User.objects.get(pk=root.pk)
    assert not late.is_superuser and not late.has_perm("accounts.grant_staff")
    assert not approvals.may(late, None, "accounts.grant_staff")


def test_the_worker_takes_everything_away_and_says_so(tess, clock, mailbox):
    at_desk(tess)
    assert staff_ends.end_due(10) == 0
    clock.forward(days=10, seconds=1)
    assert staff_ends.end_due(10) == 1
    row = User.objects.filter(pk=tess.pk).values().get()
    assert (row["is_staff"], row["staff_until"]) == (False, None)
    assert not tess.groups.exists() and not tess.user_permissions.exists()
    assert not Session.objects.filter(user=tess).exists()
    entry = Entry.objects.get(event=Event.STAFF_GRANT_ENDED.value)
    assert entry.actor_id == "" and entry.subject_id == tess.subject_id
    assert mailbox.kinds(tess.email)[-1] == "staff_ends"
    said = " ".join(mailbox.latest(tess.email).text.split())
    assert "You cannot open the staff pages any more" in said
    assert staff_ends.end_due(10) == 0


def test_the_letter_comes_seven_days_before_and_once(tess, clock, mailbox):
    clock.forward(days=2, hours=23)
    assert staff_ends.tell_due(10) == 0
    clock.forward(hours=2)
    assert (staff_ends.tell_due(10), staff_ends.tell_due(10)) == (1, 0)
    assert "You are staff until" in mailbox.latest(tess.email).text
    assert mailbox.kinds(tess.email).count("staff_ends") == 1


def test_another_end_is_told_anew(tess, ada_here, clock, mailbox):
    clock.forward(days=5)
    staff_ends.tell_due(10)
    sooner = clock.forward(seconds=0) + timedelta(days=2)
    ada_here.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    ada_here.post(page_of(tess), form_of(tess, staff_until=f"{sooner:%Y-%m-%d}"))
    assert staff_ends.tell_due(10) == 1
    assert mailbox.kinds(tess.email).count("staff_ends") == 2


def test_a_grant_that_was_prolonged_meanwhile_stays(tess, clock):
    clock.forward(days=11)
    User.objects.filter(pk=tess.pk).update(staff_until=clock.forward(seconds=0) + timedelta(days=5))
    assert staff_ends.end_due(10) == 0
    assert User.objects.get(pk=tess.pk).is_staff


def test_whoever_has_an_end_is_no_administrator_that_stays(clock):
    until = clock.forward(seconds=0) + timedelta(days=5)
    cast.administrator("root", staff_until=until)
    assert not deletion.administrators().exists()


def test_the_list_and_the_page_say_until_when(tess, ada_here):
    day = f"{tess.staff_until:%Y-%m-%d}"
    assert "until " in ada_here.get("/admin/accounts/user/", {"q": "tess"}).content.decode()
    page = ada_here.get(f"/admin/accounts/user/{tess.pk}/change/").content.decode()
    assert f'value="{day}"' in page


def test_where_the_column_is_not_read_nothing_is_asked(tess, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert User.objects.only("username").get(pk=tess.pk).username == "tess"
