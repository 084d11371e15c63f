"""What libraries announce, passed on to our rooms."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import guard
from accounts.sessions.store import of_request
from audit import trail
from audit.events import Event


@receiver(user_logged_in)
def give_the_session_its_owner(request: HttpRequest, user: User, **kwargs: Any) -> None:
    of_request(request).belongs_to(user)


@receiver(user_logged_in, dispatch_uid="update_last_login")
def leave_the_last_sign_in_alone(**kwargs: Any) -> None:
    """In the place of Django's own receiver, by its own name: `sign_in.finish` has noted it, as the
    first thing that is written."""


@receiver(authentication_step_completed)
def renew_the_key(
    request: HttpRequest,
    user: User,
    method: str,
    reauthenticated: bool = False,
    **kwargs: Any,
) -> None:
    """Every proof, at sign-in and again later, makes the session worth more than its old key."""
    guard.cycle(request)
    if reauthenticated:
        with transaction.atomic():  # the session's new rights and their row, or neither
            request.session.save()
            trail.record(
                Event.REAUTHENTICATED, actor=user, subject=user, request=request, method=method
            )
