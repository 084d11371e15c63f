"""What the trail says about one role, and of who looked at one person: a link from their pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import page_of
from tests.support.granting import at_desk, helpers
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/entry/"
WHY = "ticket 4411"


def rename(browser: Visitor, group: Group, name: str) -> int:
    """The number of its entry."""
    data = {"name": name, "permissions": [], "reason": WHY}
    assert browser.post(f"/admin/auth/group/{group.pk}/change/", data).status_code == 302
    return Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).latest("id").pk


def shown(page: str, entry: int) -> bool:
    return f"/admin/audit/entry/{entry}/change/" in page


def test_the_page_of_a_role_leads_to_what_was_changed_of_it_alone(ada_here):
    mine, other = helpers(), Group.objects.create(name="others")
    wanted = [rename(ada_here, mine, "night shift"), rename(ada_here, mine, "day shift")]
    besides = rename(ada_here, other, "the others")
    page = ada_here.get(f"/admin/auth/group/{mine.pk}/change/").content.decode()
    history = f"/admin/auth/group/{mine.pk}/history/"
    assert f'href="{history}"' in page
    found = ada_here.get(history, follow=True)
    assert found.request["QUERY_STRING"] == f"role={mine.pk}"
    listed = found.content.decode()
    assert [shown(listed, one) for one in (*wanted, besides)] == [True, True, False]
    assert "Role: day shift" in text_of(found)
    read = Entry.objects.filter(event=Event.TRAIL_READ.value).latest("id")
    assert read.facts == {"asked": ["role"], "of_role": str(mine.pk)}


def test_it_is_for_those_who_may_read_the_trail(ada_here):
    group = helpers()
    eve = cast.person("eve", is_staff=True)
    rights = ["grant_staff", "view_user"]
    eve.user_permissions.set(Permission.objects.filter(codename__in=rights))
    desk = at_desk(eve)
    assert "history/" not in desk.get(f"/admin/auth/group/{group.pk}/change/").content.decode()
    assert desk.get(f"{LIST}?role={group.pk}").status_code == 403
    assert ada_here.get(f"/admin/auth/group/{group.pk + 1000}/history/").status_code == 404


@pytest.mark.parametrize("role", ["0", "-1", "1e3", "x", "9" * 30])
def test_nonsense_is_no_role(ada_here, role):
    assert "This was not understood" in text_of(ada_here.get(f"{LIST}?role={role}"))


def test_who_looked_at_somebody_is_one_link_from_their_page(ada, ada_here, alice):
    """Of one of staff those who looked at them, and not whom they looked at."""
    eve = cast.person("eve", is_staff=True)
    eve.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "view_entry"]))
    at_desk(eve).get(page_of(alice))
    of_alice = Entry.objects.filter(event=Event.STAFF_PERSON_READ.value).latest("id").pk
    page = ada_here.get(page_of(eve))
    of_eve = Entry.objects.filter(event=Event.STAFF_PERSON_READ.value).latest("id").pk
    text = text_of(page)
    assert "Who opened this page" in text and "Who read their events" in text
    assert "lists that showed this person among others" in text
    link = f"{LIST}?event=staff.person_read&about={eve.subject_id}"
    assert link.replace("&", "&amp;") in page.content.decode()
    listed = ada_here.get(link).content.decode()
    assert shown(listed, of_eve) and not shown(listed, of_alice)
    ada_here.get(f"{LIST}?event=trail.read&about={eve.subject_id}")
    read = Entry.objects.filter(event=Event.TRAIL_READ.value).latest("id")
    assert read.subject_id == eve.subject_id and read.facts["asked"] == ["event", "person"]
