"""Another username for somebody who is signed in, seldom, and the old one kept from everybody else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import credentials, usernames
from accounts.flows.notices import to_all
from accounts.lockout import budgets
from accounts.models import FormerUsername, User
from accounts.outbox import letters_username
from accounts.outbox.letters import Happening
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.undo import sets
from accounts.validators import normalise_username, validate_username
from audit.events import Event


class UsernameTaken(Exception):
    """Somebody has it, or had it until lately."""


class TooManyChanges(Exception):
    """It was changed as often as it may be. `again_at`: from when it can be changed again."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(again_at)
        self.again_at = again_at


def again_at(user: User) -> datetime | None:
    """From when `user` may change it again; None for now. One SELECT."""
    window = timedelta(days=settings.POLICY_USERNAME_CHANGE_DAYS)
    recent = FormerUsername.objects.filter(user=user, left_at__gt=timezone.now() - window)
    newest = recent.order_by("-left_at").values_list("left_at", flat=True)
    counted = list(newest[: settings.POLICY_USERNAME_CHANGES])
    return counted[-1] + window if len(counted) == settings.POLICY_USERNAME_CHANGES else None


def change(request: HttpRequest, user: User, username: str) -> bool:
    """Give `user` this name, tell every address, and hold the old one for them. False where it is their
    name already.

    Raises ReauthenticationRequired, ValidationError for what is no username, TooManyTries for who asks
    for one name after the other, TooManyChanges, UsernameTaken; CredentialsMoved and SessionEnded where
    something else was quicker; ChangesHeld.
    """
    demand_fresh_proof(request)
    username = normalise_username(username)
    if username == user.username:
        return False
    validate_username(username)
    # Two at once are not counted here: `moved` refuses the second, whose person is older by then.
    if at := again_at(user):
        raise TooManyChanges(at)
    # What is answered tells which names there are.
    budgets.spend(budgets.USERNAMES, f"user:{user.pk}")
    if usernames.is_taken(username, by=user):
        raise UsernameTaken
    undo = sets.begin(user, "username")
    told = to_all(
        user,
        letters_username.username_changed,
        undo=undo,
        old=user.username,
        username=username,
        days=settings.POLICY_USERNAME_HELD_DAYS,
        link=settings.SITE_URL + reverse("account_rescue"),
        happened=Happening.of(request, user=user),
    )
    old = user.username
    try:
        with transaction.atomic():
            guard.still_alive(request)
            if not User.objects.filter(pk=user.pk, username=old).update(username=username):
                raise CredentialsMoved
            usernames.demand_not_held(username, by=user)
            usernames.hold(old, of=user)
            credentials.moved(
                user,
                Event.USERNAME_CHANGED,
                request=request,
                letters=told,
                end_others=False,
                undo=undo,
                label=username,
            )
    except (IntegrityError, usernames.UsernameHeld):
        raise UsernameTaken from None
    user.username = username
    return True
