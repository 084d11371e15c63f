"""What makes somebody staff or lets them do more: it takes two of staff, and may have an end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts import roles
from accounts.flows import holdings, rights
from accounts.flows.approvals import Allowing, Wish
from accounts.flows.holdings import MANY, Holdings, numbers
from accounts.models import User
from audit.fact_words import STAFF_MARKS
from audit.granted import MOST_NAMES

# Beside what is asked for: what its groups may do as it is asked.
CAN = "can"


def with_what_goes(person: User, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, and with the mark of staff all that came with it, the mark of superusers too: a later
    tick of that one box would give it back, seen by nobody."""
    goes: dict[str, Any] = {}
    if values.get("is_staff") is False:
        goes = {field: [] for field in MANY if getattr(person, field).exists()}
        if person.is_superuser or values.get("is_superuser"):
            goes["is_superuser"] = False
    return {**values, **goes}


def leaves(values: Mapping[str, Any]) -> bool:
    """Whether somebody with these `values` could give nobody rights any more, or not for good."""
    off = any(values.get(flag) is False for flag in ("is_active", *STAFF_MARKS))
    return off or values.get("staff_until") is not None


def raises(person: User, values: Mapping[str, Any], held: Holdings | None = None) -> bool:
    """Whether `person`, as they are, could do more with `values`, or for longer."""
    flags = any(values.get(flag) and not getattr(person, flag) for flag in STAFF_MARKS)
    if flags or wakes(person, values) or _is_longer(person, values):
        return True
    return any(moved(person, values, held or holdings.load([person]))[0].values())


def wakes(person: User, values: Mapping[str, Any]) -> bool:
    """Whether `values` switch somebody on again who is staff still: all that they could do is back."""
    marks = (flag for flag in STAFF_MARKS if getattr(person, flag))
    stay = any(values.get(flag, True) for flag in marks)
    return bool(values.get("is_active")) and not person.is_active and stay


def _is_longer(person: User, values: Mapping[str, Any]) -> bool:
    if "staff_until" not in values or person.staff_until is None:
        return False
    until = values["staff_until"]
    return until is None or until > person.staff_until


def moved(
    person: User, values: Mapping[str, Any], held: Holdings
) -> tuple[dict[str, frozenset[int]], dict[str, frozenset[int]]]:
    """The numbers of what they would get besides and of what they would lose, by field."""
    fields = [field for field in MANY if field in values]
    after = {field: held.after(person, values, field) for field in fields}
    before = {field: held.of(person, field) for field in fields}
    return (
        {field: after[field] - before[field] for field in fields},
        {field: before[field] - after[field] for field in fields},
    )


def hands_out(
    actor: User, person: User, values: Mapping[str, Any], held: Holdings | None = None
) -> bool:
    """Whether `actor` may change exactly these: nobody hands out more than they have.

    SECURITY: whoever makes somebody staff, or lets them do more or longer, answers for all that they
    may do then: what lay there before, worth nothing without the mark, comes to life with it. Of a
    grant that ran out and is not cleared yet, the row still says all that it was. What is given now
    would wake it, a superuser's marks among it: the worker clears it first."""
    if not values.keys() <= rights.changeable(actor, person) or (values and person.staff_is_over):
        return False
    if actor.is_superuser:
        return True
    held = held or holdings.load([person])
    return not raises(person, values, held) or held.may(person, values) <= (
        actor.get_all_permissions()
    )


def hold(of: Wish) -> None:
    """Hold the roles that are asked for and those that are there to the end of the transaction: whoever
    edits one waits, or was first and is seen."""
    if of.person is not None:
        there = set(of.person.groups.values_list("pk", flat=True))
        both = Group.objects.filter(pk__in={*of.asked.get("groups", ()), *there})
        list(both.order_by("pk").select_for_update(no_key=True).values_list("pk"))


# --- as they wait for the second word -------------------------------------------------------------


def wish(person: User, values: Mapping[str, Any]) -> Wish:
    return Wish("grant", rights.GRANT, person, asked=_written(values))


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for field, value in values.items():
        if field in MANY:
            asked[field] = sorted(numbers(value))
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
    values = _read(of)
    for field in MANY.keys() & values.keys():
        several = MANY[field]._default_manager.filter(pk__in=values[field])
        joined = ("content_type",) if field == "user_permissions" else ()
        rows = list(several.select_related(*joined) if joined else several)
        if len(rows) != len(values[field]):
            return None
        values[field] = rows
    return values


def _read(of: Wish) -> dict[str, Any]:
    """The values by their numbers."""
    values = {field: value for field, value in of.asked.items() if field != CAN}
    if until := values.get("staff_until"):
        values["staff_until"] = parse_datetime(until)
    return values


def allows(wishes: Sequence[Wish]) -> Allowing:
    held = holdings.load(of.person for of in wishes if of.person is not None)

    def allowed(actor: User, of: Wish) -> bool:
        stands = _is_as_asked(of, held) and of.person is not None
        return stands and hands_out(actor, of.person, _read(of), held)  # type: ignore[arg-type]

    return allowed


def _is_as_asked(of: Wish, held: Holdings) -> bool:
    """As `asked` finds it, from what was looked up."""
    groups = of.asked.get("groups", [])
    if not (held.roles.keys() >= set(groups)):
        return False
    if not held.names.keys() >= set(of.asked.get("user_permissions", [])):
        return False
    can: frozenset[int] = frozenset().union(*(held.roles[group] for group in groups))
    return of.asked.get(CAN, []) == sorted(can)


def said(of: Wish) -> list[str]:
    """In sentences of the language that is active."""
    values = asked(of) or {}
    if of.person is not None and (values.get("is_staff") or values.get("is_active")):
        # What lies there already comes to life with the mark, or with the account.
        there: dict[str, Any] = {field: list(getattr(of.person, field).all()) for field in MANY}
        there["is_superuser"] = of.person.is_superuser
        values = {field: rows for field, rows in there.items() if rows} | values
    lines = []
    if values.get("is_active"):
        lines.append(_("Switched on: yes."))
    if "is_superuser" in values:
        yes, no = _("Superuser: yes, may do everything, to everybody."), _("Superuser: no.")
        lines.append(yes if values["is_superuser"] else no)
    if of.person is not None and (more := besides(of.person, values)):
        lines.append(_("Could do besides: %(names)s.") % {"names": more})
    if "is_staff" in values:
        lines.append(_("Staff: yes.") if values["is_staff"] else _("Staff: no."))
    if "groups" in values:
        names = ", ".join(sorted(roles.called(group.name) for group in values["groups"]))
        lines.append(_("Roles: %(names)s.") % {"names": names or "–"})
    if "user_permissions" in values:
        names = roles.acts_of(values["user_permissions"])
        lines.append(_("Permissions besides: %(names)s.") % {"names": names or "–"})
    if "staff_until" in values:
        lines.append(_until(values["staff_until"]))
    return lines


def besides(person: User, values: Mapping[str, Any]) -> str:
    """All that `person` could do with `values` and cannot do now, as people read it; '' for nothing,
    and where being a superuser says it.

    SECURITY: of the permissions themselves. Whoever makes a role names it."""
    if values.get("is_superuser", person.is_superuser):
        return ""
    held = holdings.load([person])
    now = held.may(person, {}) if person.is_staff and person.is_active else set()
    more = held.may(person, values) - now
    found = Permission.objects.filter(
        pk__in=[pk for pk, name in held.names.items() if name in more]
    )
    return roles.acts_of(found.select_related("content_type"))


def _until(moment: datetime | None) -> str:
    if moment is None:
        return _("Without an end.")
    return _("Ends on %(day)s (UTC).") % {"day": formats.date_format(moment, "DATETIME_FORMAT")}


# --- as they are told -----------------------------------------------------------------------------


def names(person: User, values: Mapping[str, Any]) -> dict[str, Any]:
    """Which roles and permissions move with `values`, as the trail names them (audit/granted.py);
    nothing where none does. `person` as they are before."""
    if not MANY.keys() & values.keys():
        return {}
    held = holdings.load([person])
    given, taken = moved(person, values, held)
    facts: dict[str, list[str]] = {}
    for word, those in (("given", given), ("taken", taken)):
        found = Group.objects.filter(pk__in=those.get("groups", ()))
        facts[f"roles_{word}"] = list(found.order_by("name").values_list("name", flat=True))
        several = sorted(held.names[one] for one in those.get("user_permissions", ()))
        facts[f"permissions_{word}"] = several
    return {fact: several[:MOST_NAMES] for fact, several in facts.items() if several}
