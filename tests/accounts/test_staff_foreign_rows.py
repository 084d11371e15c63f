"""Entries that this site did not write, with facts that no event of ours has: told apart wherever they
are read, and nothing of them is believed."""

from __future__ import annotations

import pytest

from tests.accounts.test_staff_events import LIST, happens, page
from tests.support.granting import at_desk
from tests.support.pages import text_of
from tests.support.strange_rows import slip_in

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
        assert answer.status_code == 200 and "assword was changed" not in text_of(answer)
