"""What the migrations of all rooms make of roles. Frozen like they are: nothing here follows the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.management import create_permissions


def permissions_exist(apps: Any, schema_editor: Any, rooms: Iterable[str]) -> None:
    """Django makes them after all migrations; here they are wanted before."""
    for room in rooms:
        config = apps.get_app_config(room)
        former = getattr(config, "models_module", None)
        config.models_module = former or True
        alias = schema_editor.connection.alias
        create_permissions(config, verbosity=0, using=alias, apps=apps)
        config.models_module = former


def named(apps: Any, names: Iterable[str]) -> list[Any]:
    """The permissions of these names, "room.codename"."""
    model = apps.get_model("auth", "Permission")
    found = []
    for name in names:
        room, codename = name.split(".")
        found.append(model.objects.get(content_type__app_label=room, codename=codename))
    return found


def make(apps: Any, roles: Mapping[str, Iterable[str]]) -> None:
    """Groups of these names with these permissions. One that is there already is the operator's own."""
    for role, names in roles.items():
        group, is_new = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        if is_new:
            group.permissions.add(*named(apps, names))


def widen(apps: Any, roles: Mapping[str, Iterable[str]], *, if_they_have: Mapping[str, str]) -> None:
    """More permissions for those that are as we made them: which still have what `if_they_have` says."""
    for role, names in roles.items():
        (mark,) = named(apps, [if_they_have[role]])
        groups = apps.get_model("auth", "Group").objects.filter(name=role, permissions=mark)
        for group in groups:
            group.permissions.add(*named(apps, names))
