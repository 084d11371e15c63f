"""Whether somebody has an account is learned on the events page by those alone who may see people, and
whoever looks for somebody there leaves a row, found or not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.granting import at_desk
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/entry/"


def reader(*codenames: str) -> Visitor:
    user = cast.person("vera", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return at_desk(user)


def looked_for() -> int:
    rows = Entry.objects.filter(event=Event.TRAIL_READ.value, subject_id="")
    return sum(facts == {"asked": ["person"]} for facts in rows.values_list("facts", flat=True))


def answer(browser: Visitor, typed: str) -> tuple[int, str]:
    page = browser.post(LIST, {"who": typed})
    return page.status_code, text_of(page).replace(typed, "")


@pytest.mark.parametrize("known", ["alice@example.org", "alice", "ALICE", "number"])
def test_who_may_not_see_people_learns_of_nobody(alice, known):
    vera = reader("view_entry")
    known = str(alice.pk) if known == "number" else known
    said = answer(vera, known)
    assert said == answer(vera, "nobody@example.org") and said[0] == 200
    assert "Enter a public identifier." in said[1]


def test_they_ask_for_whom_the_events_name(alice):
    trail.record(Event.SIGNED_IN, actor=alice, subject=alice, method="password")
    vera = reader("view_entry")
    page = vera.get(f"{LIST}?person={alice.subject_id}")
    assert f'value="{alice.subject_id}"' in page.content.decode()
    for subject in (alice.subject_id, alice.subject_id.upper()):
        asked = vera.post(LIST, {"who": subject})
        assert asked["Location"] == f"{LIST}?person={alice.subject_id}"


@pytest.mark.parametrize("right", ["view_user", "change_user"])
def test_who_may_see_people_finds_them_by_any_name(alice, right):
    vera = reader("view_entry", right)
    for typed in ("alice@example.org", "alice", str(alice.pk)):
        asked = vera.post(LIST, {"who": typed})
        assert asked["Location"] == f"{LIST}?person={alice.subject_id}"


@pytest.mark.parametrize("typed", ["alice@example.org", "nobody@example.org", "\u200b", "x" * 9])
def test_looking_for_somebody_leaves_a_row_found_or_not(alice, typed):
    vera = reader("view_entry", "view_user")
    vera.post(LIST, {"who": typed})
    assert looked_for() == 1
    entry = Entry.objects.filter(event=Event.TRAIL_READ.value).latest("id")
    assert entry.actor_id == User.objects.get(username="vera").subject_id


def test_nothing_typed_leaves_none(alice):
    vera = reader("view_entry", "view_user")
    vera.post(LIST, {"who": ""})
    vera.post(LIST, {})
    assert looked_for() == 0
