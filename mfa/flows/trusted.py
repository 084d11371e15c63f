"""Browsers that are not asked for the second step for some days: let be, known again, forgotten.

Off unless POLICY_TRUST_DAYS says how long. Staff are asked each time, whatever it says. A browser holds
one value for each person that trusts it; each is of use once and is renewed with it, so that a copy
dies when the browser is used, or the browser is asked again because the copy was.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.devices import device_icon, device_label, plain_agent
from accounts.models import User
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.sessions.store import of_request
from accounts.step_up import demand_fresh_proof
from audit import sealing, trail
from audit.events import Event
from mfa import policy
from mfa.models import TrustedBrowser

VALUE_BYTES = 32
MOST_VALUES = 4
MOST_SHOWN = 50
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def is_offered(user: User) -> bool:
    """Whether this person may let a browser be."""
    return settings.POLICY_TRUST_DAYS > 0 and not policy.demand_on(user).strong


def _values(request: HttpRequest) -> list[str]:
    """What this browser holds. Nothing that is not shaped like ours is looked up."""
    given = request.COOKIES.get(settings.TRUST_COOKIE_NAME, "").split(".")
    return [value for value in given[:MOST_VALUES] if _VALUE.fullmatch(value)]


def _give(request: HttpRequest, fresh: str, *, instead_of: str = "") -> None:
    kept = [value for value in _values(request) if value != instead_of]
    request._trusted_now = sealing.token_digest(fresh)  # type: ignore[attr-defined]
    request._trust_values = [fresh, *kept][:MOST_VALUES]  # type: ignore[attr-defined]


def trust(request: HttpRequest, user: User) -> None:
    """Do not ask for the second step in this browser for POLICY_TRUST_DAYS: it was just proved.

    SECURITY: nothing but a second step may call it, and a recovery code is none for this."""
    if not is_offered(user):
        return
    value = secrets.token_urlsafe(VALUE_BYTES)
    days, now = settings.POLICY_TRUST_DAYS, timezone.now()
    with transaction.atomic():
        TrustedBrowser.objects.create(
            user=user,
            key=sealing.token_digest(value),
            user_agent=plain_agent(request.META.get("HTTP_USER_AGENT", "")),
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(days=days),
        )
        trail.record(Event.DEVICE_TRUSTED, actor=user, subject=user, request=request, days=days)
    _give(request, value)


def is_trusted(request: HttpRequest, user: User) -> bool:
    """Whether this browser need not be asked; its value is used up and renewed by asking, once for
    whoever races. No statement for a browser that holds nothing, one UPDATE for each value."""
    if not is_offered(user):
        return False
    now = timezone.now()
    for value in _values(request):
        fresh = secrets.token_urlsafe(VALUE_BYTES)
        rows = TrustedBrowser.objects.filter(
            user=user, key=sealing.token_digest(value), expires_at__gt=now
        )
        # The policy may have become shorter since.
        rows = rows.filter(created_at__gt=now - timedelta(days=settings.POLICY_TRUST_DAYS))
        if rows.update(key=sealing.token_digest(fresh), last_used_at=now):
            _give(request, fresh, instead_of=value)
            return True
    return False


def note_device(request: HttpRequest) -> None:
    """Which known device the browser is that was trusted, or known again, in this request: it is
    known by the end of the sign-in only. One UPDATE, and none for any other request."""
    key = getattr(request, "_trusted_now", "")
    row = of_request(request).row if key else None
    if row is not None and row.device:
        TrustedBrowser.objects.filter(key=key, user=row.user_id).update(device=row.device)


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Hand the browser its values, if they were given in this request and it ended well."""
    values = getattr(request, "_trust_values", None)
    if values and response.status_code < 400:
        response.set_cookie(
            settings.TRUST_COOKIE_NAME,
            ".".join(values),
            max_age=settings.POLICY_TRUST_DAYS * 24 * 3600,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )


@dataclass(frozen=True)
class Trusted:
    """One browser as its owner sees it."""

    pk: int
    device: int | None
    label: str
    icon: str
    since: datetime
    last_used: datetime
    until: datetime


def count_of(user: User) -> int:
    """How many are trusted still. One SELECT."""
    return TrustedBrowser.objects.filter(user=user, expires_at__gt=timezone.now()).count()


def of(user: User, most: int = MOST_SHOWN) -> list[Trusted]:
    """Those that are trusted still, the one used last first; no more than `most`. One SELECT."""
    rows = TrustedBrowser.objects.filter(user=user, expires_at__gt=timezone.now())
    return [
        Trusted(
            pk=row.pk,
            device=row.device,
            label=device_label(row.user_agent),
            icon=device_icon(row.user_agent),
            since=row.created_at,
            last_used=row.last_used_at,
            until=row.expires_at,
        )
        for row in rows.order_by("-last_used_at", "-pk")[:most]
    ]


def forget(request: OwnRequest, pk: int | None = None) -> int:
    """Ask one of the person's browsers again, or all; returns how many. Raises
    ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    user = request.user
    rows = TrustedBrowser.objects.filter(user=user)
    with transaction.atomic():
        guard.still_alive(request)
        gone = (rows if pk is None else rows.filter(pk=pk)).delete()[0]
        if gone:
            trail.record(
                Event.TRUST_FORGOTTEN,
                actor=user,
                subject=user,
                request=request,
                devices=gone,
                reason="by_person",
            )
    return gone


def forget_with_credentials(
    user: User, *, request: HttpRequest | None, actor: trail.Who, **told: object
) -> None:
    """No browser is trusted past a change of how the account is reached (ON_CREDENTIALS_CHANGED)."""
    if gone := TrustedBrowser.objects.filter(user=user).delete()[0]:
        trail.record(
            Event.TRUST_FORGOTTEN,
            actor=actor,
            subject=user,
            request=request,
            devices=gone,
            reason="credentials_changed",
        )


def purge(batch: int = 500) -> int:
    """Forget a batch of those whose time is over; returns how many went."""
    rows = TrustedBrowser.objects.filter(expires_at__lt=timezone.now())
    keys = list(rows.values_list("pk", flat=True)[:batch])
    return rows.filter(pk__in=keys)._raw_delete(rows.db) if keys else 0
