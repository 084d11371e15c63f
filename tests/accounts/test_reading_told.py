"""That staff looked at a person on a confirm page, or at who is attacked, stands in the trail."""

from __future__ import annotations

import pytest

from audit import trail
from audit.chain import linking
from audit.events import Event
from audit.models import Entry
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["unlock", "sign-out", "switch", "reset-letter"])
def test_a_confirm_page_tells_that_it_was_opened(ada_here, alice, page):
    assert ada_here.get(f"/admin/accounts/user/{alice.pk}/{page}/").status_code == 200
    entry = Entry.objects.get(event=Event.STAFF_PERSON_READ)
    assert entry.subject_id == alice.subject_id


def test_the_dashboard_tells_that_it_named_people(ada_here, alice):
    trail.record(
        Event.SIGN_IN_FAILED, subject=alice, request=request_from(), reason="wrong_password"
    )
    linking.link()
    assert alice.username in ada_here.get("/admin/dashboard/?period=24h").content.decode()
    assert Entry.objects.get(event=Event.STAFF_PEOPLE_READ).facts == {"asked": ["attacked"]}
