"""Notes of staff about a person: added and read, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from accounts import staff_words
from accounts.models import StaffNote, User, staff_note
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.validators import validate_seen
from audit import trail
from audit.events import Event
from audit.facts import inert
from audit.sealing import SealBroken

SEE, ADD = "accounts.view_staffnote", "accounts.add_staffnote"
SHOWN = 50


@dataclass(frozen=True)
class Note:
    """`author` is empty for whoever is gone."""

    at: datetime
    author: str
    text: str


def may_see(actor: User | AnonymousUser) -> bool:
    return bool(actor.is_active and actor.is_staff and actor.has_perm(SEE))


def may_add(actor: User | AnonymousUser) -> bool:
    return bool(actor.is_active and actor.is_staff and actor.has_perm(ADD))


def add(request: HttpRequest, person: User, text: str) -> None:
    """Raises PermissionDenied, ReauthenticationRequired without a fresh proof, and ValidationError for
    what nobody could read."""
    demand_fresh_proof(request)
    validate_seen(text)
    with transaction.atomic():
        actor, now = guard.hold_both(request, person)
        if not may_add(actor):
            raise PermissionDenied
        kept = "\n".join(map(inert, text.splitlines()))
        staff_note.row_of(now.pk, actor.subject_id, kept).save()
        trail.record(Event.STAFF_NOTE_ADDED, actor=actor, subject=now, request=request)


def about(person: User) -> list[Note]:
    """The newest of them. Two SELECTs."""
    rows = list(StaffNote.objects.filter(user=person).order_by("-written_at", "pk")[:SHOWN])
    wrote = staff_words.people({row.written_by for row in rows})
    return [Note(row.written_at, str(wrote.get(row.written_by, "")), _text(row)) for row in rows]


def every_about(person: User) -> Iterator[tuple[datetime, str]]:
    """When and what, oldest first: for the person, who is not told who wrote it."""
    for row in list(StaffNote.objects.filter(user=person).order_by("written_at", "pk")):
        yield row.written_at, _text(row)


def _text(row: StaffNote) -> str:
    """Empty where its key is gone: the rest is no worse for it."""
    try:
        return row.opened_text
    except SealBroken:
        return ""
