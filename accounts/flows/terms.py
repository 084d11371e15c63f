"""Agreeing to the operator's terms: at sign-up, and again whenever version or text has changed."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Consent, User
from accounts.requests import OwnRequest
from accounts.sessions import guard
from audit import trail
from audit.events import Event


class OtherTerms(Exception):
    """Not the text that the person was shown: it has changed since."""


def wait_for(user: User) -> bool:
    """Whether `user` has not agreed to the terms as they are. From the person's own row."""
    return settings.TERMS is not None and user.terms_agreed != settings.TERMS.mark


def mark_of(digest: str) -> str:
    """The mark of the terms that hold, whose text is that of `digest`. Raises OtherTerms."""
    if settings.TERMS is None or digest != settings.TERMS.digest:
        raise OtherTerms
    return settings.TERMS.mark


def agree(request: OwnRequest, digest: str) -> None:
    """The person who is signed in agrees to the text of `digest`; a second time changes nothing.

    Raises OtherTerms, SessionEnded.
    """
    mark, user = mark_of(digest), request.user
    with transaction.atomic():
        guard.still_alive(request)
        if User.objects.filter(pk=user.pk).exclude(terms_agreed=mark).update(terms_agreed=mark):
            keep(user, mark, request=request, at=timezone.now())


def keep(user: User, mark: str, *, request: HttpRequest, at: datetime) -> None:
    """Inside the transaction in which the person's row says `mark`: the consent, and its line in the
    trail. Whoever agrees again to a text of earlier has that consent already."""
    version, _space, digest = mark.partition(" ")
    Consent.objects.get_or_create(user=user, version=version, digest=digest, defaults={"at": at})
    trail.record(
        Event.TERMS_AGREED,
        actor=user,
        subject=user,
        request=request,
        version=version,
        digest=digest,
    )
