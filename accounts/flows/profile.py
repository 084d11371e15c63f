"""What a person says about themselves."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import guard
from accounts.validators import validate_name
from audit import trail
from audit.events import Event

FIELDS = ("name", "display_name", "language", "time_zone")
NAMES = ("name", "display_name")


def save(request: HttpRequest, user: User, **values: str) -> list[str]:
    """Store what is given and differs; returns the names of the fields that changed, in order. Raises
    ValidationError for a name that cannot be shown."""
    for field in NAMES:
        validate_name(values.get(field, ""))
    changed = [field for field in FIELDS if values.get(field, old := getattr(user, field)) != old]
    if not changed:
        return []
    with transaction.atomic():
        guard.still_alive(request)
        User.objects.filter(pk=user.pk).update(**{field: values[field] for field in changed})
        trail.record(
            Event.PROFILE_CHANGED, actor=user, subject=user, request=request, fields=changed
        )
    for field in changed:
        setattr(user, field, values[field])
    return changed
