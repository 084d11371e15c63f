"""The letters of the slow lane. They go to every confirmed address of their person (`to_all`), so that
whoever holds one mailbox cannot hide them from the owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Unpack

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.flows.notices import to_all
from accounts.language import known_language
from accounts.models import User
from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader, staff_changed
from accounts.undo.sets import Undo


def recovery_waits(
    *,
    ready_at: datetime,
    ends_at: datetime,
    time_zone: str,
    link: str,
    happened: Happening | None = None,
    **reader: Unpack[Reader],
) -> Letter:
    """E16: a request waits, or may be used by now; `link` stops it."""
    return compose(
        "recovery_waits",
        ready=ready_at <= timezone.now(),
        # Said in the language of the letter, by the clock of its reader.
        day=Happening(at=ready_at, time_zone=time_zone).when,
        last_day=Happening(at=ends_at, time_zone=time_zone).when,
        link=link,
        happened=happened.rows if happened else None,
        **reader,
    )


def recovery_closed(*, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """Somebody asked again after two stops: nothing began, and whom to ask."""
    return compose("recovery_closed", happened=happened.rows, **reader)


def recovery_stopped(*, link: str, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """The request is stopped, every device is signed out, a new password is demanded. `link`: where it
    is reset."""
    return compose("recovery_stopped", link=link, happened=happened.rows, **reader)


def recovery_finished(*, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """A new second step took the place of all that were there."""
    return compose("recovery_finished", happened=happened.rows, **reader)


def waits(
    user: User, *, ready_at: datetime, ends_at: datetime, key: str, happened: Happening | None
) -> list[Letter]:
    link = settings.SITE_URL + reverse("mfa_recovery_stop_key", args=[key])
    moments: dict[str, Any] = {
        "ready_at": ready_at,
        "ends_at": ends_at,
        "time_zone": user.time_zone,
    }
    return to_all(user, recovery_waits, link=link, happened=happened, **moments)


def closed(user: User, *, happened: Happening) -> list[Letter]:
    return to_all(user, recovery_closed, happened=happened)


def stopped(user: User, *, happened: Happening) -> list[Letter]:
    link = settings.SITE_URL + reverse("account_reset_password")
    return to_all(user, recovery_stopped, link=link, happened=happened)


def finished(user: User, *, happened: Happening, undo: Undo) -> list[Letter]:
    return to_all(user, recovery_finished, undo=undo, happened=happened)


def by_staff(user: User, say: Callable[[], str], reason: str) -> list[Letter]:
    """E15: what staff did, said in the person's language, and why."""
    with translation.override(known_language(user.language) or settings.LANGUAGE_CODE):
        action = say()
    # When, and no more: the device and the network are those of the desk.
    happened = Happening(at=timezone.now(), time_zone=user.time_zone)
    return to_all(user, staff_changed, action=action, reason=reason, happened=happened)
