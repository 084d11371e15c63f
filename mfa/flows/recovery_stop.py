"""Stopping a request: by the link of a letter, or from any session of its person, with one POST."""

from __future__ import annotations

from typing import Literal

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.flows import credentials
from accounts.models import User
from accounts.outbox.letters import Happening
from accounts.requests import OwnRequest
from accounts.sessions import guard
from audit import sealing
from audit.events import Event
from mfa.flows import recovery
from mfa.models import RecoveryRequest
from mfa.recovery import letters

SHORTEST, LONGEST = 20, 64


def find(key: str) -> RecoveryRequest | None:
    """The request that the key of a letter stops, while it waits. One SELECT at most."""
    if not SHORTEST <= len(key) <= LONGEST:
        return None
    rows = RecoveryRequest.objects.filter(
        stop_keys__digest=sealing.token_digest(key),
        state=RecoveryRequest.State.WAITING,
        ends_at__gt=timezone.now(),
    )
    return rows.select_related("user").first()


def by_link(request: HttpRequest, row: RecoveryRequest) -> bool:
    """Whoever has the letter stops it; False if somebody else ended it."""
    return row.user is not None and _stop(request, row.user, row, "link")


def by_session(request: OwnRequest) -> bool:
    """Whoever is signed in stops their own. No proof is asked again: it only tightens. Raises
    SessionEnded."""
    user = request.user
    row = recovery.waiting(user).first()
    return row is not None and _stop(request, user, row, "session")


def _stop(
    request: HttpRequest, user: User, row: RecoveryRequest, how: Literal["link", "session"]
) -> bool:
    """SECURITY: whoever began it knew the password and reads the mailbox. So no session stays, not
    the one at hand either, and the password is good for nothing but to be changed."""
    mail = letters.stopped(user, happened=Happening.of(request, user=user))
    mine = RecoveryRequest.objects.filter(pk=row.pk, state=RecoveryRequest.State.WAITING)
    here = credentials.current_session_key(request, user)
    with transaction.atomic():
        if how == "session":
            guard.still_alive(request)
        people = User.objects.select_for_update(of=("self",), no_key=True)
        user = people.get(pk=user.pk)
        now = timezone.now()
        if not mine.update(state=RecoveryRequest.State.STOPPED, closed_at=now):
            return False
        demanded = now if user.has_usable_password() else user.password_must_change
        User.objects.filter(pk=user.pk).update(
            recovery_ready_at=None, password_must_change=demanded
        )
        credentials.moved(
            user,
            Event.RECOVERY_STOPPED,
            request=request,
            letters=mail,
            end_others=True,
            how=how,
        )
        guard.end_all(user)
    if here:
        request.session.flush()
        request.user = AnonymousUser()
    return True
