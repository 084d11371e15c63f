"""A person's telephone number: proved by a texted code, changed and removed under a fresh proof.

It signs nobody in and is nobody's name. What is texted to it: docs/texts.md.
"""

from __future__ import annotations

import logging
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts.flows import credentials, sent_codes, texted
from accounts.flows.notices import to_all
from accounts.lockout import tries
from accounts.models import Phone, User
from accounts.models.phone import row_of
from accounts.outbox import letters_phone
from accounts.outbox.letters import Happening
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.texts import numbers, senders
from accounts.undo import sets
from audit import sealing, trail
from audit.events import Event

logger = logging.getLogger(__name__)
PURPOSE = "phone"
# The number that waits for its code, in the session, which rests sealed.
BEGUN = "phone_begun"

EVENTS: dict[Literal["added", "changed", "removed"], Event] = {
    "added": Event.PHONE_ADDED,
    "changed": Event.PHONE_CHANGED,
    "removed": Event.PHONE_REMOVED,
}


class PhoneRefused(Exception):
    """`code`: own (it is the person's number already), required (the site asks everybody for one)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def number_of(user: User) -> str:
    """The person's confirmed number in E.164, or ''. One SELECT."""
    row = Phone.objects.filter(user=user).first()
    return opened(row) if row else ""


def opened(row: Phone) -> str:
    """The number, or '' for one that does not open: nothing is texted there, and the log says why."""
    try:
        return row.opened_number
    except sealing.SealBroken:
        logger.error("The phone number of person %s does not open.", row.user_id)
        return ""


def is_required() -> bool:
    """Whether everybody must have a number here. Nobody is asked while no text could reach them."""
    return settings.POLICY_PHONE_REQUIRED and senders.available()


def waiting(request: HttpRequest, user: User) -> str:
    """The number that waits for its code in this browser to be this person's, or ''."""
    begun = request.session.get(BEGUN) or {}
    return str(begun["number"]) if begun.get("user") == user.pk else ""


def begin(request: OwnRequest, number: str) -> None:
    """Text a code to `number` (E.164). Raises ReauthenticationRequired, PhoneRefused(own),
    TooManyTries, NumberNotServed."""
    demand_fresh_proof(request)
    if number == number_of(request.user):
        raise PhoneRefused("own")
    send(request, request.user, number)


def send(request: HttpRequest, user: User, number: str) -> None:
    """Text a code that proves `number` to be of `user`, who is signed in or about to be. Raises
    TooManyTries, NumberNotServed."""
    texted.send(request, user, number, texted.bound_to(PURPOSE, number))
    request.session[BEGUN] = {"user": user.pk, "number": number}


def confirm(request: OwnRequest, typed: str) -> bool:
    """Whether the code was typed that was texted to the waiting number, which is the person's then;
    the one before is no more. Raises ReauthenticationRequired, TooManyTries, SessionEnded,
    CredentialsMoved."""
    demand_fresh_proof(request)
    return prove(request, request.user, typed, is_signed_in=True)


def prove(request: HttpRequest, user: User, typed: str, *, is_signed_in: bool) -> bool:
    """`confirm` for whoever has shown all that was asked of them."""
    number = waiting(request, user)
    with tries.guess(request, user) as guess:
        guess.right = bool(number) and sent_codes.match(
            request, user, texted.bound_to(PURPOSE, number), sent_codes.TEXT, typed
        )
    if not guess.right:
        trail.record(Event.PHONE_FAILED, actor=user, subject=user, request=request)
        return False
    _change(request, user, number, is_signed_in=is_signed_in)
    request.session.pop(BEGUN, None)
    return True


def remove(request: OwnRequest) -> bool:
    """The person has no number any more; False if they had none. Raises ReauthenticationRequired,
    PhoneRefused(required), SessionEnded, CredentialsMoved."""
    demand_fresh_proof(request)
    if is_required():
        raise PhoneRefused("required")
    if not Phone.objects.filter(user=request.user).exists():
        return False
    _change(request, request.user, "", is_signed_in=True)
    request.session.pop(BEGUN, None)
    return True


def _change(request: HttpRequest, user: User, number: str, *, is_signed_in: bool) -> None:
    """SECURITY: whoever races with another change finds the credentials moved, so that what was
    before, for the letter and the undoing, is what was before."""
    before = Phone.objects.filter(user=user).first()
    kind: Literal["added", "changed", "removed"]
    kind = "removed" if not number else "changed" if before else "added"
    undo = sets.begin(user, "phone")
    about: dict[str, Any] = {
        "kind": kind,
        "old": shown(opened(before)) if before else "",
        "new": shown(number),
        "link": settings.SITE_URL + reverse("account_phone"),
        "happened": Happening.of(request, user=user),
    }
    told = to_all(user, letters_phone.phone_changed, undo=undo, **about)
    made = row_of(user.pk, number) if number else None
    with transaction.atomic():
        if is_signed_in:
            guard.still_alive(request)
        Phone.objects.filter(user=user).delete()
        if made:
            made.save(force_insert=True)
        credentials.moved(
            user, EVENTS[kind], request=request, letters=told, end_others=False, undo=undo
        )


def shown(number: str) -> str:
    """Masked, as it is shown everywhere; '' for none."""
    return numbers.masked(number) if number else ""
