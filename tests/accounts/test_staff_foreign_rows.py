"""Entries that this site did not write, with facts that no event of ours has: told apart wherever they
are read, and nothing of them is believed."""

from __future__ import annotations

import pytest

from accounts.exports import pieces
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_staff_events import LIST, happens, page
from tests.support.copies import built_for, rows_of
from tests.support.granting import at_desk
from tests.support.pages import text_of
from tests.support.strange_rows import slip_in
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

FACTS = [
    "'[1]'",
    "'5'",
    "'null'",
    "'{\"x\": 1}'",
    """'{"fields":5,"roles_given":7,"device":[{}]}'""",
]
KINDS = ["account.signed_in", "staff.user_changed", "account.password_changed", "alert.opened"]


@pytest.mark.parametrize("facts", FACTS)
@pytest.mark.parametrize("event", KINDS)
def test_they_stand_in_nobodys_way(ada_here, alice, event, facts):
    kind = slip_in("event", f"'{event}'", like=happens(alice))
    strange = slip_in("facts", facts, like=kind)
    said = page(ada_here)
    assert "Not written by this site" in said or f"Entry {strange}" in said
    for path in (
        f"{LIST}{strange}/change/",
        f"/admin/accounts/user/{alice.pk}/change/",
        f"/admin/accounts/user/{alice.pk}/history/",
        "/admin/dashboard/",
        "/admin/",
    ):
        assert ada_here.get(path).status_code == 200, path
    one = text_of(ada_here.get(f"{LIST}{strange}/change/")).lower()
    assert "have the trail verified" in one


@pytest.mark.parametrize("facts", FACTS)
def test_their_person_is_told_nothing_of_them(alice, facts):
    kind = slip_in("event", "'account.password_changed'", like=happens(alice))
    slip_in("facts", facts, like=kind)
    here = at_desk(alice)
    for path in ("/accounts/", "/accounts/activity/"):
        answer = here.get(path)
        assert answer.status_code == 200 and "Changed the password" not in text_of(answer)


@pytest.mark.parametrize("facts", FACTS)
def test_the_copy_of_their_data_has_none_of_them(alice, facts):
    own = happens(alice)
    kind = slip_in("event", "'account.password_changed'", like=own)
    strange = slip_in("facts", facts, like=own)
    copy = b"".join(pieces.read(built_for(alice)))
    told = {row["id"] for row in rows_of(copy, "activity")}
    assert own in told and not told & {kind, strange}


def test_what_staff_did_is_not_hidden_behind_them(ada_here, ada, alice):
    trail.record(Event.UNLOCKED_BY_STAFF, actor=ada, subject=alice, reason="asked by phone")
    true = Entry.objects.latest("id").pk
    history = f"/admin/accounts/user/{alice.pk}/history/"
    assert "left out here" not in text_of(ada_here.get(history))
    for number in range(60):
        slip_in("request_id", f"'{number}'", like=true)
    said = text_of(ada_here.get(history))
    assert said.count("asked by phone") == 1
    assert "60 entries about this account were not written by this site" in said


def test_a_sign_in_that_nobody_made_is_not_what_the_owner_is_told_of(alice, still_clock):
    seen = request_from(device="An old phone")
    trail.record(Event.SIGNED_IN, actor=alice, subject=alice, request=seen, method="password")
    true = Entry.objects.latest("id").pk
    for number in range(60):
        slip_in("request_id", f"'{number}'", like=true)
    still_clock.forward(days=1)
    told = at_desk(alice).get("/accounts/").context["last_sign_in"]
    assert told["device"] == "An old phone"
