"""Two pairs of eyes: what is done to a colleague's second step takes two members of staff."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.events import Event
from mfa.models import Approval

# How long the first one's word waits for the second one: over a weekend.
HOURS = 72


def may(actor: User | AnonymousUser, person: User, permission: str) -> bool:
    """Whether `actor` may do, or be one of two who do, what takes `permission`: nobody on themselves,
    whatever their rank."""
    return bool(
        actor.is_active and actor.is_staff and actor.pk != person.pk and actor.has_perm(permission)
    )


def takes_two(person: User) -> bool:
    """Whether the person works here, or did until lately: whoever could act alone would be one stolen
    account away from every other, and somebody's rights are taken and given back in a minute."""
    return person.is_staff or person.is_superuser or _was_staff_lately(person)


def _was_staff_lately(person: User) -> bool:
    since = timezone.now() - timedelta(hours=HOURS)
    lines = trail.entries_of(person.subject_id, event=Event.STAFF_USER_CHANGED, limit=20)
    rights = {"is_staff", "is_superuser"}
    return any(line.at > since and rights & set(line.facts.get("fields", [])) for line in lines)


def first_word(
    person: User, act: str, permission: str, *, besides: User, about: int = 0
) -> Approval | None:
    """What another member of staff has said for it, while it counts: not too long ago, about the
    account as it is, by somebody who may say so still."""
    since = timezone.now() - timedelta(hours=HOURS)
    rows = Approval.objects.filter(
        person=person,
        act=act,
        about=about,
        asked_at__gt=since,
        credentials_version=person.credentials_version,
    )
    found = rows.exclude(asked_by=besides).select_related("asked_by").first()
    return found if found and may(found.asked_by, person, permission) else None


def settle(
    actor: User, person: User, act: str, permission: str, *, reason: str, about: int = 0
) -> bool:
    """Inside the transaction of the act, with `person` held: True if it may be done now; False if it
    was noted as the first of two words. A word is used up by the act, once."""
    if not takes_two(person):
        return True
    if first_word(person, act, permission, besides=actor, about=about) is not None:
        Approval.objects.filter(person=person, act=act).delete()
        return True
    Approval.objects.update_or_create(
        person=person,
        act=act,
        defaults={
            "about": about,
            "asked_by": actor,
            "reason": reason,
            "asked_at": timezone.now(),
            "credentials_version": person.credentials_version,
        },
    )
    return False
