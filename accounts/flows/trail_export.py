"""Taking entries of the trail away as a file. More than MOST in a day takes a second one of staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.flows import approved_export, rights
from accounts.models import Approval, User
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import exporting, searching, strange
from audit.events import Event
from audit.models import Entry
from audit.searching import Sought
from audit.trail import Line, Two

EXPORT, ADDRESSES = "audit.export_entries", "audit.view_addresses"
MOST, MOST_OF_TWO = 1_000, 100_000
A_DAY = timedelta(days=1)


class TakesTwo(Exception):
    """With what they took since yesterday it is more than one of staff takes alone."""


@dataclass(frozen=True)
class Wanted:
    """`query` is what is asked of the list, as its address says it; `facts` as the trail does."""

    sought: Sought
    query: Mapping[str, str]
    facts: Mapping[str, Any]
    format: str
    with_addresses: bool

    @property
    def in_words(self) -> dict[str, Any]:
        """What a second one says yes to."""
        return {**self.query, "entries": MOST_OF_TWO, "networks": self.networks}

    @property
    def networks(self) -> str:
        return "with" if self.with_addresses else "without"


def may(actor: User | AnonymousUser) -> bool:
    return bool(
        actor.is_active
        and actor.is_staff
        and actor.has_perm(EXPORT)
        and actor.has_perm(rights.SEE_EVENTS)
    )


def some(request: HttpRequest, wanted: Wanted, *, reason: str) -> list[list[Line]]:
    """The newest MOST.

    Raises TakesTwo, PermissionDenied, ReauthenticationRequired."""
    if not may(request.user):  # before anything is read; asked again of the actor as held
        raise PermissionDenied
    demand_fresh_proof(request)
    chunks = list(searching.every(wanted.sought, most=MOST))
    entries = sum(map(len, chunks))
    with transaction.atomic():
        actor = _held(request, wanted)
        if _taken_lately(actor) + entries > MOST:
            raise TakesTwo
        _record(request, wanted, entries, reason)
    return chunks


def granted(actor: User, wanted: Wanted) -> Approval | None:
    """The word of a second one by which `actor` may take all of it, once."""
    return approved_export.granted(actor, wanted.in_words)


def ask(request: HttpRequest, wanted: Wanted, *, reason: str) -> None:
    """Raises PermissionDenied, ReauthenticationRequired."""
    if not may(request.user):
        raise PermissionDenied
    approved_export.ask(request, wanted.in_words, reason=reason)


def much(request: HttpRequest, wanted: Wanted, *, reason: str) -> Iterable[list[Line]] | None:
    """All of it, up to MOST_OF_TWO, read as it is sent; None without the word of a second one.

    Raises PermissionDenied, ReauthenticationRequired."""
    demand_fresh_proof(request)
    with transaction.atomic():
        two = approved_export.spend(_held(request, wanted), wanted.in_words)
        if two is None:
            return None
        _record(request, wanted, MOST_OF_TWO, reason, two=two)
    return searching.every(wanted.sought, most=MOST_OF_TWO)


def _held(request: HttpRequest, wanted: Wanted) -> User:
    """SECURITY: held, so that two exports at once are counted one after the other."""
    guard.still_alive(request)
    actor = User.objects.get(pk=cast(User, request.user).pk)
    if not may(actor) or (wanted.with_addresses and not actor.has_perm(ADDRESSES)):
        raise PermissionDenied
    return actor


def _taken_lately(actor: User) -> int:
    """How many they took alone since yesterday; what two of staff wanted is answered for by two.

    SECURITY: only what this site wrote is counted, and of that all: less than nothing, or a row that
    does not read, would make room for more."""
    rows = Entry.objects.filter(
        event=Event.TRAIL_EXPORTED.value,
        actor_id=actor.subject_id,
        at__gt=timezone.now() - A_DAY,
    )
    taken = (one.facts.get("entries") for one in strange.ours(rows, also_unknown=True))
    return sum(count for count in taken if isinstance(count, int) and 0 <= count <= MOST)


def _record(
    request: HttpRequest, wanted: Wanted, entries: int, reason: str, *, two: Two | None = None
) -> None:
    exporting.record(
        wanted.facts,
        actor=cast(User, request.user),
        request=request,
        format=wanted.format,
        networks=wanted.networks,
        entries=entries,
        reason=reason,
        two=two,
    )
