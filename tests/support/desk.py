"""The staff desk as a browser fills it in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from accounts.models import Approval, User
from accounts.roles import ROLES
from tests.support import cast
from tests.support.visitor import Visitor

LIST = "/admin/accounts/user/"
BOXES = ("is_active", "is_staff", "is_superuser")


def page_of(person: User) -> str:
    return f"{LIST}{person.pk}/change/"


def form_of(person: User, *, off: str = "", **fields: Any) -> dict[str, Any]:
    """The form of `person` as the page shows it, with a reason, `fields` filled in and the box `off`
    unticked."""
    person = User.objects.get(pk=person.pk)
    data = {"name": person.name, "language": person.language, "time_zone": person.time_zone}
    data |= {box: "on" for box in BOXES if getattr(person, box) and box != off}
    data |= {"groups": [group.pk for group in person.groups.all()]}
    data |= {"user_permissions": [right.pk for right in person.user_permissions.all()]}
    if person.staff_until:
        data["staff_until"] = f"{person.staff_until - timedelta(microseconds=1):%Y-%m-%d}"
    return data | {"reason": "ticket 4411", "seen": person.credentials_version} | fields


def own_groups() -> QuerySet[Group]:
    """Those that did not come with the site."""
    return Group.objects.exclude(name__in=ROLES)


def second_says(word: str = "yes", *, who: str = "max", reason: str = "I called her") -> int:
    """Another administrator answers what was asked for last; the status of the answer."""
    if not User.objects.filter(username=who).exists():
        cast.administrator(who)
    browser = Visitor()
    browser.post("/accounts/login/", {"login": who, "password": cast.PASSWORD})
    row = Approval.objects.latest("id")
    return browser.post(
        f"/admin/approvals/{row.pk}/", {"answer": word, "reason": reason}
    ).status_code


def state(person: User) -> dict[str, Any]:
    """All that the database has of somebody's row and rights."""
    person = User.objects.get(pk=person.pk)
    row = User.objects.filter(pk=person.pk).values().get()
    return {
        "row": row | {"last_login": None},
        "groups": set(person.groups.values_list("pk", flat=True)),
        "permissions": set(person.user_permissions.values_list("pk", flat=True)),
    }
