"""Knowing a browser again, letting it be known, and making it a stranger.

A known device buys the owner's own budget of tries, and no more: it proves nothing about a person.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.devices import plain_agent
from accounts.models import KnownDevice, User
from accounts.moments import stored
from audit import sealing

VALUE_BYTES = 32
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# Written out: every sign-in asks these, and composing them through the models costs more than they do.
_SEEN_AGAIN = (
    "UPDATE accounts_knowndevice"
    " SET user_agent = %s, last_used_at = %s, failures = 0, expires_at = NULL"
    " WHERE user_id = %s AND key = %s"
)
_SEEN_FIRST = (
    "INSERT INTO accounts_knowndevice"
    " (user_id, key, user_agent, created_at, last_used_at, failures)"
    " VALUES (%s, %s, %s, %s, %s, 0) ON CONFLICT DO NOTHING"
)
_PAST_THE_NEWEST = (
    "DELETE FROM accounts_knowndevice WHERE user_id = %s AND id NOT IN"
    " (SELECT id FROM accounts_knowndevice WHERE user_id = %s"
    " ORDER BY last_used_at DESC, id DESC LIMIT %s)"
)


def value_of(request: HttpRequest) -> str:
    """What this browser holds, or ''. Nothing that we did not make is looked up."""
    given = getattr(request, "_device_value", "") or request.COOKIES.get(
        settings.DEVICE_COOKIE_NAME, ""
    )
    return given if _VALUE.fullmatch(given) else ""


def find(request: HttpRequest, user: User | None) -> KnownDevice | None:
    """This browser as it is known for `user`. One SELECT a request if it holds a value, for nobody
    too."""
    value = value_of(request)
    if not value:
        return None
    asked: dict[tuple[str, int], KnownDevice | None]
    asked = request.__dict__.setdefault("_devices_found", {})
    whose = value, user.pk if user else 0
    if whose not in asked:
        rows = alive().filter(user_id=whose[1], key=sealing.token_digest(value))
        asked[whose] = rows.first()
    return asked[whose]


def alive(now: datetime | None = None) -> QuerySet[KnownDevice]:
    """Those that are known still."""
    now = now or timezone.now()
    return KnownDevice.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        last_used_at__gt=now - timedelta(days=settings.POLICY_DEVICE_DAYS),
        failures__lt=settings.POLICY_DEVICE_FAILURES,
    )


def of_user(user: User) -> QuerySet[KnownDevice]:
    """The person's known devices, the one used last first."""
    return alive().filter(user=user).order_by("-last_used_at", "-pk")


def remember(request: HttpRequest, user: User) -> None:
    """Let this browser be known for `user` after a complete sign-in or a finished reset. Belongs
    into the transaction of that act. The browser keeps the value it has.

    One UPDATE for a device that is known already; for a new one an INSERT and a DELETE besides.
    """
    now = timezone.now()
    had_value = value_of(request) != ""
    whose: list[Any] = [user.pk, _key_for(request)]
    agent, at = _agent(request), stored(now)
    with connection.cursor() as cursor:
        if had_value:
            cursor.execute(_SEEN_AGAIN, [agent, at, *whose])
            if cursor.rowcount:
                return
        cursor.execute(_SEEN_FIRST, [*whose, agent, at, at])
        cursor.execute(_PAST_THE_NEWEST, [user.pk, user.pk, settings.POLICY_DEVICES_PER_PERSON])


def remember_for(request: HttpRequest, user: User, minutes: int) -> None:
    """Let this browser be known for so long, after an unlock letter. Where it is known for longer,
    nothing changes."""
    now = timezone.now()
    key = _key_for(request)
    if alive(now).filter(user=user, key=key, expires_at=None).exists():
        return
    fresh = _as_seen(request, now) | {"expires_at": now + timedelta(minutes=minutes)}
    KnownDevice.objects.bulk_create(
        [KnownDevice(user=user, key=key, created_at=now, **fresh)],
        update_conflicts=True,
        unique_fields=["user", "key"],
        update_fields=list(fresh),
    )


def _key_for(request: HttpRequest) -> str:
    """The stored key of this browser's value, which is made now if it has none."""
    value = value_of(request)
    if not value:
        value = secrets.token_urlsafe(VALUE_BYTES)
        request._device_value = value  # type: ignore[attr-defined]
    return sealing.token_digest(value)


def _as_seen(request: HttpRequest, now: datetime) -> dict[str, Any]:
    return {"user_agent": _agent(request), "last_used_at": now, "failures": 0}


def _agent(request: HttpRequest) -> str:
    return plain_agent(request.META.get("HTTP_USER_AGENT", ""))


def failed(device: KnownDevice) -> int:
    """Count a guess that is about to be made from it: the new count, or 0 if it is a stranger by
    now. One UPDATE, so that of parallel guesses no more than POLICY_DEVICE_FAILURES are made, and
    exactly one of them is the last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_knowndevice SET failures = failures + 1"
            " WHERE id = %s AND failures < %s RETURNING failures",
            [device.pk, settings.POLICY_DEVICE_FAILURES],
        )
        row = cursor.fetchone()
    return row[0] if row else 0


def give_back(device: KnownDevice) -> None:
    """It was no wrong guess after all."""
    KnownDevice.objects.filter(pk=device.pk, failures__gt=0).update(failures=F("failures") - 1)


def forget(user: User, *, pk: int | None = None, keep: KnownDevice | None = None) -> int:
    """Make one device, or all but `keep`, strangers again; returns how many."""
    rows = KnownDevice.objects.filter(user=user)
    if keep is not None:
        rows = rows.exclude(pk=keep.pk)
    return (rows.filter(pk=pk) if pk is not None else rows).delete()[0]


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Hand the browser its value, if it was given one in this request."""
    value = getattr(request, "_device_value", "")
    if value:
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            value,
            max_age=settings.POLICY_DEVICE_DAYS * 24 * 3600,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )


def purge(batch: int = 500) -> int:
    """Forget a batch of devices that nobody has used for long; returns how many went."""
    dead = KnownDevice.objects.exclude(pk__in=alive().values("pk"))
    keys = list(dead.values_list("pk", flat=True)[:batch])
    return KnownDevice.objects.filter(pk__in=keys).delete()[0] if keys else 0
