"""What makes somebody staff or lets them do more: it takes two of staff, and may have an end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts import roles
from accounts.flows import rights
from accounts.flows.approvals import Wish
from accounts.models import User

MANY: dict[str, type[Group] | type[Permission]] = {
    "groups": Group,
    "user_permissions": Permission,
}
# Beside what is asked for: what its groups may do as it is asked.
CAN = "can"


def raises(person: User, values: Mapping[str, Any]) -> bool:
    """Whether `person`, as they are, could do more with `values`, or for longer."""
    flags = any(
        values.get(flag) and not getattr(person, flag) for flag in ("is_staff", "is_superuser")
    )
    return flags or _is_longer(person, values) or any(added(person, values).values())


def _is_longer(person: User, values: Mapping[str, Any]) -> bool:
    if "staff_until" not in values or person.staff_until is None:
        return False
    until = values["staff_until"]
    return until is None or until > person.staff_until


def added(person: User, values: Mapping[str, Any]) -> dict[str, set[int]]:
    """The numbers of what they would get besides, by field."""
    return {
        field: {one.pk for one in values[field]}
        - set(getattr(person, field).values_list("pk", flat=True))
        for field in MANY
        if field in values
    }


def hands_out(actor: User, person: User, values: Mapping[str, Any]) -> bool:
    """Whether `actor` may change exactly these: nobody hands out more than they have.

    SECURITY: of a grant that ran out and is not cleared yet, the row still says all that it was. What
    is given now would wake it, a superuser's marks among it: the worker clears it first."""
    if not values.keys() <= rights.changeable(actor, person) or (values and person.staff_is_over):
        return False
    if actor.is_superuser:
        return True
    more = added(person, values)
    given = Permission.objects.filter(group__in=more.get("groups", ())) | Permission.objects.filter(
        pk__in=more.get("user_permissions", ())
    )
    names = given.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in names} <= actor.get_all_permissions()


# --- as they wait for the second word -------------------------------------------------------------


def wish(person: User, values: Mapping[str, Any]) -> Wish:
    return Wish("grant", rights.GRANT, person, asked=_written(values))


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for field, value in values.items():
        if field in MANY:
            asked[field] = sorted(one.pk for one in value)
        else:
            asked[field] = value.isoformat() if isinstance(value, datetime) else value
    if "groups" in asked:
        asked[CAN] = _can(asked["groups"])
    return asked


def _can(groups: list[int]) -> list[int]:
    found = Permission.objects.filter(group__in=groups).order_by("pk").distinct()
    return list(found.values_list("pk", flat=True))


def asked(of: Wish) -> dict[str, Any] | None:
    """The values that were asked for; None where a group is gone meanwhile, or may do something else:
    one that nobody is in yet is edited by one of staff alone."""
    if of.asked.get(CAN, []) != _can(of.asked.get("groups", [])):
        return None
    values: dict[str, Any] = {}
    for field, value in of.asked.items():
        if field == CAN:
            continue
        if field in MANY:
            values[field] = list(MANY[field]._default_manager.filter(pk__in=value))
            if len(values[field]) != len(value):
                return None
        elif field == "staff_until":
            values[field] = parse_datetime(value) if value else None
        else:
            values[field] = value
    return values


def allows(actor: User, of: Wish) -> bool:
    values = asked(of)
    return values is not None and of.person is not None and hands_out(actor, of.person, values)


def said(of: Wish) -> list[str]:
    """In sentences of the language that is active."""
    values = asked(of) or {}
    lines = []
    if "is_superuser" in values:
        yes, no = _("Superuser: yes, may do everything, to everybody."), _("Superuser: no.")
        lines.append(yes if values["is_superuser"] else no)
    if "is_staff" in values:
        lines.append(_("Staff: yes.") if values["is_staff"] else _("Staff: no."))
    if "groups" in values:
        names = ", ".join(sorted(roles.called(group.name) for group in values["groups"]))
        lines.append(_("Roles: %(names)s.") % {"names": names or "–"})
    if "user_permissions" in values:
        names = ", ".join(sorted(one.name for one in values["user_permissions"]))
        lines.append(_("Permissions besides: %(names)s.") % {"names": names or "–"})
    if "staff_until" in values:
        lines.append(_until(values["staff_until"]))
    return lines


def _until(moment: datetime | None) -> str:
    if moment is None:
        return _("Without an end.")
    return _("Ends on %(day)s (UTC).") % {"day": formats.date_format(moment, "DATETIME_FORMAT")}
