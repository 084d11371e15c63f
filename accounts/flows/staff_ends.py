"""Grants that have an end: told some days before, and taken away by the worker once they are over.

They count no more from that very moment, whenever the worker comes by (`User.from_db`)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.flows import credentials, grants, holdings
from accounts.models import User
from accounts.outbox import letters_staff
from accounts.outbox.letters import reader
from audit.events import Event

TOLD_BEFORE = timedelta(days=7)


def end_due(batch: int) -> int:
    """Take away everything that made them staff, their groups too, so that nothing of it comes back
    with the next grant; how many."""
    over = User.objects.filter(staff_until__lte=timezone.now()).order_by("staff_until")
    return sum(_end(pk) for pk in list(over.values_list("pk", flat=True)[:batch]))


def _end(pk: int) -> bool:
    seen = User.objects.get(pk=pk)
    taken = grants.names(seen, dict.fromkeys(holdings.MANY, ()))
    letter = letters_staff.staff_ended(**reader(seen))
    with transaction.atomic():
        people = User.objects.select_for_update(of=("self",), no_key=True)
        person = people.filter(pk=pk, staff_until__lte=timezone.now()).first()
        if person is None:
            return False  # another worker, or another word of staff, was first
        if person.credentials_version != seen.credentials_version:
            return False  # changed in this moment: the next round finds them
        User.objects.filter(pk=pk).update(
            is_staff=False, is_superuser=False, staff_until=None, staff_end_told=False
        )
        person.groups.clear()
        person.user_permissions.clear()
        credentials.moved(
            person,
            Event.STAFF_GRANT_ENDED,
            request=None,
            letters=[letter],
            end_others=True,
            actor=credentials.THE_SITE,
            roles_taken=taken.get("roles_taken"),
            permissions_taken=taken.get("permissions_taken"),
        )
    return True


def tell_due(batch: int) -> int:
    """The letter of some days before, once; how many."""
    now = timezone.now()
    soon = User.objects.filter(
        staff_until__gt=now, staff_until__lte=now + TOLD_BEFORE, staff_end_told=False
    )
    return sum(_tell(person) for person in list(soon.order_by("staff_until")[:batch]))


def _tell(person: User) -> bool:
    until = person.staff_until
    assert until is not None  # noqa: S101 - found by it
    letter = letters_staff.staff_ends(until=until, time_zone=person.time_zone, **reader(person))
    with transaction.atomic():
        mine = User.objects.filter(pk=person.pk, staff_until=until, staff_end_told=False)
        if not mine.update(staff_end_told=True):
            return False
        letter.put()
    return True
