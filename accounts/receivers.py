"""What libraries announce, passed on to our rooms."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import AddressSince, User
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


@receiver(post_save, sender=EmailAddress)
def note_since_when_it_is_confirmed(instance: EmailAddress, created: bool, **kwargs: Any) -> None:
    """Wherever an address is made. One that was confirmed before its row here is not asked for its
    age: it counts as new, and gets no link that stops changes."""
    if created and instance.verified:
        AddressSince.objects.create(address=instance)
