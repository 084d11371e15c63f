"""Who counts as one of staff for a while after: rights are taken and given back in a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.flows import approvals, staff_ends
from accounts.models import User
from audit import trail
from audit.events import Event

pytestmark = pytest.mark.django_db

WHY = "ticket 4411"


def test_whoever_was_staff_lately_is_one_however_much_was_changed_since(alice, clock):
    assert not approvals.takes_two(alice)
    for field in ["is_staff", *["name"] * 25]:
        trail.record(Event.STAFF_USER_CHANGED, subject=alice, fields=[field], reason=WHY)
    assert approvals.takes_two(alice)
    clock.forward(hours=73)
    assert not approvals.takes_two(alice)


def test_whose_grant_ran_out_is_one_for_a_while(alice, clock):
    until = clock.forward(seconds=0) + timedelta(minutes=1)
    User.objects.filter(pk=alice.pk).update(is_staff=True, staff_until=until)
    clock.forward(minutes=2)
    assert approvals.takes_two(User.objects.get(pk=alice.pk))
    assert staff_ends.end_due(10) == 1
    assert approvals.takes_two(User.objects.get(pk=alice.pk))
    clock.forward(hours=73)
    assert not approvals.takes_two(User.objects.get(pk=alice.pk))
