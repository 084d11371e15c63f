"""The letters of the slow lane, to every confirmed address of its person, so that whoever holds one
mailbox cannot hide them from the owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.language import known_language
from accounts.models import User
from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, reader, staff_changed


def addresses(user: User) -> list[str]:
    """The confirmed ones, the main one first. One SELECT."""
    kept = EmailAddress.objects.filter(user_id=user.pk, verified=True)
    others = kept.values_list("email", flat=True).order_by("email")
    return [user.email, *(email for email in others if email != user.email)]


def waits(
    user: User, *, ready_at: datetime, ends_at: datetime, key: str, happened: Happening | None
) -> list[Letter]:
    """E16: a request waits, or may be used by now; the link stops it."""
    return [
        compose(
            "recovery_waits",
            ready=ready_at <= timezone.now(),
            day=_moment(user, ready_at),
            last_day=_moment(user, ends_at),
            link=settings.SITE_URL + reverse("mfa_recovery_stop_key", args=[key]),
            happened=happened.rows if happened else None,
            **reader(user, to=to),
        )
        for to in addresses(user)
    ]


def closed(user: User, *, happened: Happening) -> list[Letter]:
    """Somebody asked again after two stops: nothing began, and whom to ask."""
    return [
        compose("recovery_closed", happened=happened.rows, **reader(user, to=to))
        for to in addresses(user)
    ]


def stopped(user: User, *, happened: Happening) -> list[Letter]:
    """The request is stopped, every device is signed out, a new password is demanded."""
    return [
        compose(
            "recovery_stopped",
            link=settings.SITE_URL + reverse("account_reset_password"),
            happened=happened.rows,
            **reader(user, to=to),
        )
        for to in addresses(user)
    ]


def finished(user: User, *, happened: Happening) -> list[Letter]:
    """A new second step took the place of all that were there."""
    return [
        compose("recovery_finished", happened=happened.rows, **reader(user, to=to))
        for to in addresses(user)
    ]


def by_staff(user: User, say: Callable[[], str], reason: str) -> list[Letter]:
    """E15: what staff did, said in the person's language, and why."""
    with translation.override(known_language(user.language) or settings.LANGUAGE_CODE):
        action = say()
    # When, and no more: the device and the network are those of the desk.
    happened = Happening(at=timezone.now(), time_zone=user.time_zone)
    return [
        staff_changed(**reader(user, to=to), action=action, reason=reason, happened=happened)
        for to in addresses(user)
    ]


def _moment(user: User, at: datetime) -> Callable[[], str]:
    """Said in the language of the letter, by the clock of its reader."""
    return Happening(at=at, time_zone=user.time_zone).when
