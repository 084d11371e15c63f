"""The copy of their data that people ask for: asking, and handing it over."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from accounts.exports import pieces
from accounts.lockout import budgets
from accounts.models import DataExport, User
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event

State = DataExport.State
OPEN = (State.WAITING, State.BUILDING)


class NoCopy(LookupError):
    """There is none to be downloaded: none was asked for, it is not ready yet, or it has run out."""


def of(user: User) -> DataExport | None:
    """The person's copy, whatever became of it. One SELECT."""
    return DataExport.objects.filter(user=user).first()


def ask(request: OwnRequest) -> bool:
    """Let a copy be made of all that is kept of the person; False if one is being made already. The
    former one goes at once. People who wait for the deletion of their account may still ask.

    Raises ReauthenticationRequired, TooManyTries past POLICY_EXPORTS_PER_DAY, SessionEnded.
    """
    demand_fresh_proof(request)
    user = request.user
    with transaction.atomic():
        # The person is held from here on: of two who ask at once the second finds the first's.
        guard.still_alive(request, awaiting_deletion=True)
        if DataExport.objects.filter(user=user, state__in=OPEN).exists():
            return False
        budgets.spend(budgets.EXPORTS, f"user:{user.pk}")
        DataExport.objects.filter(user=user).delete()
        DataExport.objects.create(user=user)
        trail.record(Event.EXPORT_ASKED, actor=user, subject=user, request=request)
    return True


def download(request: OwnRequest) -> tuple[DataExport, Iterator[bytes]]:
    """The person's copy and what is in it, piece by piece.

    Raises ReauthenticationRequired, NoCopy, TooManyTries, SessionEnded; while it is read, PieceMissing
    once the copy has run out or its person was switched off.
    """
    demand_fresh_proof(request)
    user = request.user
    export = of(user)
    if export is None or export.state != State.READY:
        raise NoCopy
    budgets.spend(budgets.DOWNLOADS, f"user:{user.pk}")
    content = pieces.read(export)
    try:
        first = next(content)  # before the answer begins: a copy that has run out is no download
    except (StopIteration, pieces.PieceMissing):
        raise NoCopy from None
    with transaction.atomic():
        guard.still_alive(request, awaiting_deletion=True)
        trail.record(Event.EXPORT_DOWNLOADED, actor=user, subject=user, request=request)
    return export, _again(first, content)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
