"""Whether a session still stands, and ending sessions: what flows ask before they change anything."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest

from accounts.errors import CredentialsMoved
from accounts.models import Session, User
from accounts.sessions import proofs
from accounts.sessions.store import SessionGone, of_request


def still_alive(request: HttpRequest, *, awaiting_deletion: bool = False) -> None:
    """Hold this session to the end of the transaction, or raise SessionEnded. Of somebody whose
    account awaits its deletion, what is to be changed must say that it is for them too, or it is
    refused with CredentialsMoved.

    Call it first in the transaction of every sensitive change: whoever ended the session, switched
    the person off or changed how the account is reached before that moment has won. Two SELECTs.

    SECURITY: the person is locked before the session, as everything does that ends sessions; the
    other way round two changes from two devices would each wait for the other's session.
    """
    assert connection.in_atomic_block  # noqa: S101 - a lock outside of a transaction is none
    session = of_request(request)
    person = _held_with(session.row) if session.row else None
    if person is None:
        session.ended = True
        request.user = AnonymousUser()
        raise SessionGone
    if person["deletion_due_at"] is not None and not awaiting_deletion:
        raise CredentialsMoved


def acting(request: HttpRequest) -> User:
    """`still_alive`, and whoever acts as they are now: what they may do is asked of the database anew.
    What the page asked for is kept on `request.user`, and may have been taken from them since."""
    still_alive(request)
    return User.objects.get(pk=request.user.pk or 0)


def hold(request: HttpRequest, person: User) -> User:
    """`still_alive`, and `person` as they are now, held as well. Raises User.DoesNotExist."""
    return hold_both(request, person)[1]


def hold_both(request: HttpRequest, person: User) -> tuple[User, User]:
    """`still_alive`, and whoever acts and `person` as they are now, both held; what the one may do is
    asked of the database anew. Two who change each other at once lock in one order, so that neither
    waits for what the other waits for. Raises User.DoesNotExist."""
    people = User.objects.select_for_update(of=("self",), no_key=True)
    actor = request.user.pk or 0
    both = {one.pk: one for one in people.filter(pk__in={person.pk, actor}).order_by("pk")}
    still_alive(request)
    if person.pk not in both:
        raise User.DoesNotExist
    return both[actor], both[person.pk]


def _held_with(row: Session) -> dict[str, Any] | None:
    """What decides about the session's person, both of them held; None where it is dead."""
    people = User.objects.select_for_update(no_key=True).filter(is_active=True)
    wanted = ("credentials_version", "two_step_on", "deletion_due_at")
    found = people.filter(pk=row.user_id or 0).values(*wanted).first()
    if found is None or not proofs.suffice(row, two_step_on=found["two_step_on"]):
        return None
    version = found["credentials_version"]
    sessions = Session.objects.select_for_update().filter(credentials_version=version)
    lives = sessions.filter(key=row.key, user=row.user).values_list("pk").first()
    return found if lives is not None else None


def end_others(user: User, keep: str | None) -> int:
    """End the person's sessions except the one stored under `keep` (`request.session.row.key`).
    Returns how many. One DELETE."""
    return Session.objects.filter(user=user).exclude(key=keep or "").delete()[0]


def end_all(user: User) -> int:
    """End every session of the person; returns how many."""
    return end_others(user, None)


def cycle(request: HttpRequest) -> None:
    """Give the session a new key, from the save at the end of this request on; the old one is dead
    then (ASVS 7.2.4). For every change of how strongly somebody is signed in."""
    request.session.cycle_key()
