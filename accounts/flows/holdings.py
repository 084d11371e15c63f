"""Who has which roles and permissions, and what roles may do: looked up once for many people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission

from accounts.models import User

MANY: dict[str, type[Group] | type[Permission]] = {
    "groups": Group,
    "user_permissions": Permission,
}


@dataclass(frozen=True)
class Holdings:
    """All by their numbers: `roles` what each may do, `called` their names, `names` of permissions as
    `has_perm` takes them, `held` what people have, by field."""

    roles: Mapping[int, frozenset[int]]
    called: Mapping[int, str]
    names: Mapping[int, str]
    held: Mapping[str, Mapping[int, frozenset[int]]]

    def of(self, person: User, field: str) -> frozenset[int]:
        return self.held[field].get(person.pk, frozenset())

    def after(self, person: User, values: Mapping[str, Any], field: str) -> frozenset[int]:
        """What `person` has of `field` with these `values`, which name it whole where they do."""
        return numbers(values[field]) if field in values else self.of(person, field)

    def may(self, person: User, values: Mapping[str, Any]) -> set[str]:
        """The names of all that `person` may do with these `values`, marks aside."""
        roles = self.after(person, values, "groups")
        every = set(self.after(person, values, "user_permissions"))
        every.update(*(self.roles.get(role, frozenset()) for role in roles))
        return {self.names[one] for one in every if one in self.names}


def numbers(rows: Iterable[Any]) -> frozenset[int]:
    """Of rows, or of what are numbers already."""
    return frozenset(row if isinstance(row, int) else row.pk for row in rows)


def load(people: Iterable[User] = ()) -> Holdings:
    """Five SELECTs, whoever is asked about: roles and permissions are few."""
    pks = {person.pk for person in people}
    called = dict(Group.objects.values_list("pk", "name"))
    roles: dict[int, set[int]] = {pk: set() for pk in called}
    for role, one in Group.permissions.through.objects.values_list("group_id", "permission_id"):
        roles.setdefault(role, set()).add(one)
    named = Permission.objects.order_by().values_list("pk", "content_type__app_label", "codename")
    held = {
        "groups": User.groups.through.objects.filter(user__in=pks).values_list(
            "user_id", "group_id"
        ),
        "user_permissions": User.user_permissions.through.objects.filter(user__in=pks).values_list(
            "user_id", "permission_id"
        ),
    }
    return Holdings(
        roles={role: frozenset(may) for role, may in roles.items()},
        called=called,
        names={pk: f"{app}.{codename}" for pk, app, codename in named},
        held={field: _by_person(pairs) for field, pairs in held.items()},
    )


def _by_person(pairs: Iterable[tuple[int, int]]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for person, one in pairs:
        found[person].add(one)
    return {person: frozenset(several) for person, several in found.items()}
