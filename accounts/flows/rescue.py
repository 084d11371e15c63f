"""What people say about entries of their own trail: that it was them, or that it was not.

"Not me" only tightens, so it asks for no fresh proof: whoever finds a stranger in their account must
not be stopped by a field first. It ends all other sessions and sign-ins under way, kills reset links
and codes that were sent, makes other devices strangers (for good by the word of an old one), and tells
every address.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.activity import answers, history
from accounts.flows import credentials, notices
from accounts.lockout import budgets
from accounts.outbox import letters
from accounts.requests import OwnRequest
from accounts.sessions import guard
from audit.events import Event


class NoSuchEntry(LookupError):
    """It is not this person's, is not shown to them, or is nothing that they could have done."""


def was_me(request: OwnRequest, entry: int) -> None:
    """Remember that it was them. Raises NoSuchEntry, SessionEnded."""
    _demand_own(request, entry)
    with transaction.atomic():
        guard.still_alive(request)
        answers.keep(request.user, entry, was_me=True)


def was_not_me(request: OwnRequest, entry: int | None) -> int:
    """Shut out whoever else is in the account, because of one entry or of none in particular; how many
    sessions ended. This one goes on under a new key. Raises NoSuchEntry, SessionEnded,
    CredentialsMoved."""
    user = request.user
    if entry is not None:
        _demand_own(request, entry)
    told = notices.to_all(
        user,
        letters.activity_disowned,
        link=settings.SITE_URL + reverse("account_reset_password"),
        happened=letters.Happening.of(request, user=user),
    )
    with transaction.atomic():
        guard.still_alive(request)
        if entry is not None:
            answers.keep(user, entry, was_me=False)
        is_told = budgets.spend_if_room(budgets.RESCUE_LETTERS, f"user:{user.pk}")
        ended = credentials.moved(
            user,
            Event.ACTIVITY_DISOWNED,
            request=request,
            letters=told if is_told else [],
            end_others=True,
            entry=entry,
        )
    guard.cycle(request)
    return ended


def _demand_own(request: OwnRequest, entry: int) -> None:
    shown = history.one(request.user, entry)
    if shown is None or not shown.can_be_answered:
        raise NoSuchEntry
