"""The staff desk as a browser fills it in."""

from __future__ import annotations

from typing import Any

from accounts.models import User

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
    return data | {"reason": "ticket 4411", "seen": person.credentials_version} | fields


def state(person: User) -> dict[str, Any]:
    """All that the database has of somebody's row and rights."""
    person = User.objects.get(pk=person.pk)
    row = User.objects.filter(pk=person.pk).values().get()
    return {
        "row": row | {"last_login": None},
        "groups": set(person.groups.values_list("pk", flat=True)),
        "permissions": set(person.user_permissions.values_list("pk", flat=True)),
    }
