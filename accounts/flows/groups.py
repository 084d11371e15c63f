"""Groups of rights. Whoever edits one raises everybody in it, so it takes the highest rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event


def save(request: HttpRequest, group: Group, values: Mapping[str, Any], *, reason: str) -> None:
    """Store a new or changed group with its permissions, all in one transaction or none.

    Raises PermissionDenied for anybody but superusers, ReauthenticationRequired without a fresh
    proof."""
    actor = _of_the_highest(request)
    change = "added" if group.pk is None else "changed"
    with transaction.atomic():
        guard.still_alive(request)
        if "name" in values:
            group.name = values["name"]
            group.save()
        if "permissions" in values:
            group.permissions.set(values["permissions"])
        if values:
            _record(request, actor, group, change=change, reason=reason)


def delete(request: HttpRequest, group: Group) -> None:
    """Take the group away, and with it what its members had by it. Raises like `save`."""
    actor = _of_the_highest(request)
    with transaction.atomic():
        guard.still_alive(request)
        _record(request, actor, group, change="deleted")
        group.delete()


def _of_the_highest(request: HttpRequest) -> User:
    actor = request.user
    if not (isinstance(actor, User) and actor.is_active and actor.is_superuser):
        raise PermissionDenied
    demand_fresh_proof(request)
    return actor


def _record(request: HttpRequest, actor: User, group: Group, **facts: Any) -> None:
    event = Event.STAFF_GROUP_CHANGED
    trail.record(event, actor=actor, request=request, label=group.name, **facts)
