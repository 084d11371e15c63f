"""That somebody of staff lost a second step is said where it happens: the mark may go right after."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.flows import credentials
from accounts.models import User
from audit.alerts import keeping
from audit.alerts.facts import LOST_METHOD
from audit.events import Event
from audit.models import Entry
from mfa.flows import staff
from tests.support import cast, second_steps
from tests.support.visitor import Visitor
from tests.support.watching import count

pytestmark = pytest.mark.django_db

OFF = "/accounts/mfa/totp/deactivate/"
BY_THE_PERSON = Event.TWO_STEP_TURNED_OFF
NEEDS = {"factor": "app", "reason": "ticket 4411"}


@pytest.mark.parametrize("is_staff, said", [(True, "yes"), (False, "no")])
@pytest.mark.parametrize("event", [one for one in LOST_METHOD if one != BY_THE_PERSON])
def test_each_event_says_it(alice, event, is_staff, said):
    User.objects.filter(pk=alice.pk).update(is_staff=is_staff)
    alice.refresh_from_db()
    needed = {name: value for name, value in NEEDS.items() if name in event.allowed}
    with transaction.atomic():
        credentials.moved(alice, event, request=None, letters=[], end_others=True, **needed)
    assert Entry.objects.get(event=event).facts["of_staff"] == said


def test_who_turns_it_off_says_it(carol):
    """Staff cannot: the policy asks one of them always."""
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "carol", "password": cast.PASSWORD})
    code = {"method": "app", "code": second_steps.code_of(carol)}
    browser.post("/accounts/mfa/authenticate/", code)
    browser.post(OFF, {})
    for event in (Event.TWO_STEP_TURNED_OFF, Event.FACTOR_REMOVED):
        assert Entry.objects.get(event=event).facts["of_staff"] == "no"


@pytest.mark.parametrize("goes", ["mark", "account"])
def test_who_lost_the_mark_or_the_account_before_anybody_looked_alarms(carol, settings, goes):
    settings.ALERTS = settings.ALERTS | {"clock_seconds": 10**12}
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    carol.refresh_from_db()
    count()
    keeping.look()
    staff.remove_by_operator(carol, reason="ticket 4411")
    if goes == "mark":
        User.objects.filter(pk=carol.pk).update(is_staff=False)
    else:
        User.objects.filter(pk=carol.pk).delete()
    count()
    [alert] = keeping.look().opened
    assert (alert.rule, alert.about) == ("staff_method_removed", carol.subject_id)
