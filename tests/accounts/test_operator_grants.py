"""What an operator grants keeps an end that stands, and wakes nothing that ran out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User

pytestmark = pytest.mark.django_db


def grant(*options: str) -> User:
    call_command("auth_user", "grant", "alice", *options, "--yes", "--reason", "ticket 4411")
    return User.objects.get(username="alice")


@pytest.fixture(autouse=True)
def helpers(db) -> Group:
    return Group.objects.create(name="helpers")


def ends_in(user: User, **how_long: float) -> None:
    until = timezone.now() + timedelta(**how_long)
    User.objects.filter(pk=user.pk).update(is_staff=True, staff_until=until)


def test_an_end_that_stands_stays_unless_it_is_named(alice, capsys):
    ends_in(alice, days=10)
    stands = User.objects.get(pk=alice.pk).staff_until
    assert grant("--role", "helpers").staff_until == stands
    assert f"until {stands - timedelta(days=1):%Y-%m-%d}" in capsys.readouterr().out
    assert grant("--role", "helpers", "--until", "never").staff_until is None


def test_what_ran_out_is_not_woken(alice, clock):
    ends_in(alice, minutes=1)
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    strong = Group.objects.create(name="strong")
    alice.groups.add(strong)
    alice.user_permissions.add(Permission.objects.first())
    clock.forward(minutes=2)
    granted = grant("--role", "helpers")
    assert granted.is_staff and not granted.is_superuser
    assert [group.name for group in granted.groups.all()] == ["helpers"]
    assert not granted.user_permissions.exists() and granted.staff_until is None
