"""A new password for somebody who is signed in."""

from __future__ import annotations

from typing import Literal

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import credentials
from accounts.flows.notices import to_all
from accounts.lockout import tries
from accounts.models import User
from accounts.outbox import letters
from accounts.passwords import slots
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.undo import sets
from audit.events import Event

Kind = Literal["changed", "set", "reset", "reset_by_text"]


def change(request: HttpRequest, user: User, password: str, *, end_others: bool) -> None:
    """Set it, once for whoever races; the session goes on under a new key.

    The caller has checked the current password. Raises CredentialsMoved when the password was
    changed meanwhile, SessionEnded when this session was.
    """
    if user.passkey_for_changes:  # the current password confirms nothing there
        demand_fresh_proof(request)
    with slots.calling(tries.caller(request, user)):
        hashed = make_password(password)
    undo = sets.begin(user, "password")
    kind: Kind = "changed" if user.has_usable_password() else "set"
    told = changed_letters(request, user, kind=kind, undo=undo)
    with transaction.atomic():
        guard.still_alive(request)
        replace(user, hashed)
        credentials.moved(
            user,
            Event.PASSWORD_CHANGED,
            request=request,
            letters=told,
            end_others=end_others,
            undo=undo,
        )
    update_session_auth_hash(request, user)


def replace(user: User, hashed: str) -> None:
    """Put the new hash in the place of the one that `user` was loaded with, or raise
    CredentialsMoved: of two changes from the same state, one wins."""
    seen = user.password
    now = timezone.now()
    if not User.objects.filter(pk=user.pk, password=seen, is_active=True).update(
        password=hashed, password_changed_at=now, password_must_change=None
    ):
        raise CredentialsMoved
    user.password, user.password_changed_at = hashed, now
    user.password_must_change = None


def changed_letters(
    request: HttpRequest, user: User, *, kind: Kind, undo: sets.Undo
) -> list[letters.Letter]:
    """E7, to all addresses."""
    return to_all(
        user,
        letters.password_changed,
        undo=undo,
        kind=kind,
        link=settings.SITE_URL + reverse("account_reset_password"),
        happened=letters.Happening.of(request, user=user),
    )
