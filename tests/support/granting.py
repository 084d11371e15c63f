"""Who grants what to whom, in tests of staff."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

from accounts.models import User
from tests.support import cast
from tests.support.visitor import Visitor


def at_desk(user: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": user.username, "password": cast.PASSWORD})
    return browser


def helpers(*codenames: str) -> Group:
    group = Group.objects.create(name="helpers")
    group.permissions.set(Permission.objects.filter(codename__in=codenames))
    return group


def administrator(name: str) -> User:
    """By permissions, and no superuser."""
    user = cast.person(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "grant_staff"]))
    return user
