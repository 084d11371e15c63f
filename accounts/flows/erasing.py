"""Erasing accounts whose day has come: one person a transaction, whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from enum import Enum

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import personal_data
from accounts.flows import deletion, usernames
from accounts.models import User
from accounts.outbox import letters, letters_deletion
from accounts.outbox.errors import place_of
from audit import trail
from audit.events import Event

logger = logging.getLogger(__name__)

# Of one turn of the worker: letters wait meanwhile.
A_TURN = 20


class Outcome(Enum):
    ERASED = "erased"
    # They signed in, or staff cancelled it: in the very moment, perhaps.
    KEPT = "kept"
    # Nobody else could give rights to anybody: it waits until somebody can.
    LAST_ADMINISTRATOR = "last_administrator"
    FAILED = "failed"


def due(limit: int | None = None) -> list[int]:
    """Whose day has come, the longest due first."""
    rows = User.objects.filter(deletion_due_at__lte=timezone.now())
    return list(rows.order_by("deletion_due_at", "pk").values_list("pk", flat=True)[:limit])


def erase_each(people: list[int]) -> Iterator[tuple[int, Outcome]]:
    """Each of them in a transaction of its own. One that fails says so in the log, as a place in the
    code and without a word of theirs, and stays as it was for the next run."""
    for pk in people:
        try:
            yield pk, erase(pk)
        except Exception as error:
            logger.error("Erasing account %d failed: %s", pk, place_of(error))
            yield pk, Outcome.FAILED


def erase_due(batch: int) -> int:
    """For the worker: a few of them; how many went."""
    found = erase_each(due(min(batch, A_TURN)))
    return sum(outcome is Outcome.ERASED for _pk, outcome in found)


def erase(pk: int) -> Outcome:
    """Erase everything of this person but what the trail has of them, which nobody can read any more.

    SECURITY: whether it is due is asked again of the held row. Whoever keeps the account holds the
    same row (accounts/flows/deletion.py): one of the two is first, and the other finds it done.
    """
    seen = User.objects.filter(pk=pk).first()
    if seen is None:
        return Outcome.KEPT
    last_letter = letters_deletion.deletion_done(
        to=seen.email, language=seen.language, name=letters.called(seen)
    )
    with transaction.atomic():
        held = _held_with(seen)
        person = held.pop(pk, None)
        if person is None or not _is_due(person) or person.email != seen.email:
            return Outcome.KEPT
        if person.is_superuser and not held:
            return Outcome.LAST_ADMINISTRATOR
        _erase(person)
        last_letter.put()
    return Outcome.ERASED


def _held_with(seen: User) -> dict[int, User]:
    """The person as they are now, and with an administrator all others that stay: held in one order,
    as everybody holds several people, so that no two wait for each other."""
    wanted = Q(pk=seen.pk)
    if seen.is_superuser:
        wanted |= Q(pk__in=deletion.administrators())
    rows = User.objects.select_for_update(of=("self",)).filter(wanted)
    return {one.pk: one for one in rows.order_by("pk")}


def _is_due(person: User) -> bool:
    due_at = person.deletion_due_at
    return due_at is not None and due_at <= timezone.now() and person.held_since is None


def _erase(person: User) -> None:
    trail.record(Event.DELETED, subject=person)
    personal_data.erase(person)
    usernames.hold(person.username)
    person.delete()
    trail.forget(person.subject_id)
