"""P12: whoever came in by a password is offered a passkey now and then, and never for long."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.sessions import proofs
from mfa import policy
from mfa.models import Passkey, PasskeyOffer

# Set once this session was led to the offer, or was not.
THOUGHT_OF = "passkey_offer_thought_of"
TIMES, EVERY = 3, timedelta(days=30)


def page_to_offer(request: HttpRequest, user: User) -> str:
    """Where a page may lead that has nothing better to do and finds that this device could make one;
    '' for nowhere. Once a session, with two SELECTs at most; none for somebody who did not type their
    password."""
    if request.session.get(THOUGHT_OF):
        return ""
    request.session[THOUGHT_OF] = True
    proved = proofs.of_request(request, user)
    if not any(one["method"] == "password" for one in proved) or not policy.is_offered(user):
        return ""
    if Passkey.objects.filter(user=user).exists():
        return ""
    is_off = PasskeyOffer.objects.filter(user=user).exclude(_due()).exists()
    return "" if is_off else reverse("mfa_passkey_offer")


def _due() -> Q:
    is_rested = Q(last_at=None) | Q(last_at__lte=timezone.now() - EVERY)
    return Q(is_declined=False, times__lt=TIMES) & is_rested


def note_shown(user: User) -> None:
    """It is being looked at. However many tabs show it at once, it counts once."""
    _row(user).filter(_due()).update(times=F("times") + 1, last_at=timezone.now())


def decline(user: User) -> None:
    """Never again, on no device."""
    _row(user).update(is_declined=True)


def _row(user: User) -> QuerySet[PasskeyOffer]:
    PasskeyOffer.objects.get_or_create(user=user)
    return PasskeyOffer.objects.filter(user=user)
