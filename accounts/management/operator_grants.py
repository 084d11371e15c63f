"""What an operator grants by `auth_user grant`, where nobody is signed in to say yes to it, so a site
with one administrator goes on; and takes away by `auth_user revoke`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import CommandError
from django.utils import timezone

from accounts import roles
from accounts.flows import deletion, granting, grants
from accounts.flows.holdings import MANY
from accounts.management.operator import WRONG_USAGE, PersonAct
from accounts.models import User
from accounts.staff_grants import LONGEST, last_day
from audit.fact_words import STAFF_MARKS

NEVER = "never"


def act(options: Mapping[str, Any]) -> PersonAct:
    """As the arguments say. Raises CommandError for what is no grant."""
    groups = [_group(name) for name in options["role"]]
    until = _until(options["until"])
    if options["staff"]:
        raise _wrong("--staff goes with revoke: whoever has a role is staff.")
    if not (groups or options["superuser"]):
        raise _wrong("Name what is granted: --role NAME, or --superuser.")

    def values(person: User) -> dict[str, Any]:
        if _has_run_out(person):
            # SECURITY: what they had lies in their row still, and is not woken by a new end.
            anew = {"is_staff": True, "is_superuser": options["superuser"], "staff_until": until}
            return anew | {"groups": groups, "user_permissions": []}
        held = list(person.groups.all())
        wanted: dict[str, Any] = {"is_staff": True}
        if options["until"]:  # without a word an end that stands stays
            wanted["staff_until"] = until
        if options["superuser"]:
            wanted["is_superuser"] = True
        changed = {name: value for name, value in wanted.items() if getattr(person, name) != value}
        if any(group not in held for group in groups):
            changed["groups"] = [*held, *(group for group in groups if group not in held)]
        return changed

    def end_of(person: User) -> datetime | None:
        return values(person).get("staff_until", person.staff_until)

    names = ", ".join(["superuser"] * options["superuser"] + [group.name for group in groups])

    def effect(person: User) -> str:
        if not values(person):
            return ""
        last = end_of(person)
        end = f" until {last_day(last)}" if last else ""
        more = grants.besides(person, values(person))
        can = f" Could do besides: {more}." if more else ""
        return (
            f"Makes {person.username} staff: {names}{end}.{can} Ends all sessions."
            f" Tells {person.email}."
        )

    def do(person: User, reason: str) -> Mapping[str, Any]:
        granting.by_operator(person, values(person), reason=reason)
        return {}

    def facts(person: User) -> Mapping[str, Any]:
        told = {"roles": [group.name for group in groups], "superuser": options["superuser"]}
        until, last = end_of(person), last_day(end_of(person))
        ends = {"until": until and until.isoformat(), "last_day": last and last.isoformat()}
        return told | ends

    return PersonAct(effect=effect, facts=facts, do=do)


def taking(options: Mapping[str, Any]) -> PersonAct:
    """`revoke`, as the arguments say. Raises CommandError where nothing is named."""
    groups = [_group(name) for name in options["role"]]
    if options["until"]:
        raise _wrong("--until goes with grant: what is taken away is gone at once.")
    if not (groups or options["superuser"] or options["staff"]):
        raise _wrong(
            "Name what is taken away: --role NAME, --superuser, or --staff for everything."
        )

    def values(person: User) -> dict[str, Any]:
        if options["staff"]:
            # SECURITY: of a grant that has run out, the row still has every mark that it gave, and its
            # end goes with this one.
            over = _has_run_out(person)
            there = [flag for flag in STAFF_MARKS if over or getattr(person, flag)]
            gone: dict[str, Any] = dict.fromkeys(there, False)
            return gone | {field: [] for field in MANY if getattr(person, field).exists()}
        gone = {"is_superuser": False} if options["superuser"] and person.is_superuser else {}
        held = list(person.groups.all())
        if any(group in held for group in groups):
            gone["groups"] = [group for group in held if group not in groups]
        return gone

    def effect(person: User) -> str:
        gone = values(person)
        if not gone:
            return ""
        words = grants.names(person, gone)
        named = ["staff"] * ("is_staff" in gone) + ["superuser"] * ("is_superuser" in gone)
        named += words.get("roles_taken", []) + words.get("permissions_taken", [])
        alone = "is_superuser" in gone and deletion.is_last_administrator(person)
        last = " Nobody is left who may do everything: createsuperuser makes one." if alone else ""
        return (
            f"Takes from {person.username}: {', '.join(named)}. Ends all sessions."
            f" Tells {person.email}.{last}"
        )

    def do(person: User, reason: str) -> Mapping[str, Any]:
        granting.by_operator(person, values(person), reason=reason)
        return {}

    def facts(person: User) -> Mapping[str, Any]:
        gone = values(person)
        words = grants.names(person, gone)
        return {
            "staff": "is_staff" in gone,
            "superuser": "is_superuser" in gone,
            "roles": words.get("roles_taken", []),
            "permissions": words.get("permissions_taken", []),
        }

    return PersonAct(effect=effect, facts=facts, do=do)


def _has_run_out(person: User) -> bool:
    return person.staff_until is not None and person.staff_until <= timezone.now()


def _group(name: str) -> Group:
    found = Group.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(sorted({*roles.ROLES, *Group.objects.values_list("name", flat=True)}))
        raise _wrong(f"There is no group {name!r}. There are: {known}.")
    return found


def _until(day: str) -> datetime | None:
    if day in ("", NEVER):
        return None
    try:
        until = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _wrong("--until must be a day like 2027-03-31, or never.") from None
    if not timezone.now() < until <= timezone.now() + LONGEST:
        raise _wrong("--until must be a day from today on, in the next ten years.")
    return until


def _wrong(said: str) -> CommandError:
    return CommandError(f"{said} Nothing was changed.", returncode=WRONG_USAGE)
