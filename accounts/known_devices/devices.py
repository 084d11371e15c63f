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
from django.db.backends.utils import CursorWrapper
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
# What `alive` lets through, of one person by one key.
_FOUND = (
    "SELECT * FROM accounts_knowndevice WHERE user_id = %s AND key = %s"
    " AND (expires_at IS NULL OR expires_at > %s) AND last_used_at > %s AND failures < %s"
)
_SEEN_AGAIN = (
    "UPDATE accounts_knowndevice"
    " SET key = %s, user_agent = %s, last_used_at = %s, failures = 0, expires_at = NULL"
    " WHERE user_id = %s AND key = %s"
    " RETURNING EXISTS (SELECT 1 FROM accounts_knowndevice WHERE key = %s AND user_id <> %s), id"
)
# SECURITY: set aside, not deleted. Whoever knows the password signs in with twenty browsers of theirs.
_PAST_THE_NEWEST = (
    "UPDATE accounts_knowndevice SET expires_at = %s, set_aside_at = %s"
    " WHERE user_id = %s AND expires_at IS NULL AND id NOT IN"
    " (SELECT id FROM accounts_knowndevice WHERE user_id = %s AND expires_at IS NULL"
    " ORDER BY last_used_at DESC, id DESC LIMIT %s)"
)
_SEEN_FIRST = (
    "INSERT INTO accounts_knowndevice"
    " (user_id, key, user_agent, created_at, last_used_at, failures)"
    " VALUES (%s, %s, %s, %s, %s, 0) RETURNING id"
)
_TAKEN_ALONG = (
    "UPDATE accounts_knowndevice SET key = %s"
    " WHERE id IN (SELECT id FROM accounts_knowndevice WHERE key = %s{unless_held})"
)


def value_of(request: HttpRequest) -> str:
    """What this browser holds, or ''. Nothing that is not shaped like ours is looked up."""
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
        now = timezone.now()
        since = now - timedelta(days=settings.POLICY_DEVICE_DAYS)
        bounds = [stored(now), stored(since), settings.POLICY_DEVICE_FAILURES]
        rows = KnownDevice.objects.raw(_FOUND, [whose[1], sealing.token_digest(value), *bounds])
        asked[whose] = next(iter(rows), None)
    return asked[whose]


def find_set_aside(request: HttpRequest, user: User) -> KnownDevice | None:
    """This browser, where it was known for `user` until a rule set it aside not long ago. One SELECT if
    it holds a value."""
    value = value_of(request)
    if not value:
        return None
    since = timezone.now() - timedelta(days=settings.POLICY_DEVICE_DAYS)
    rows = KnownDevice.objects.filter(user=user, key=sealing.token_digest(value))
    fresh = rows.filter(last_used_at__gt=since, failures__lt=settings.POLICY_DEVICE_FAILURES)
    return fresh.exclude(set_aside_at=None).first()


def is_any(request: HttpRequest) -> bool:
    """Whether this browser is known for anybody. One SELECT if it holds a value."""
    value = value_of(request)
    return bool(value) and alive().filter(key=sealing.token_digest(value)).exists()


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


def remember(request: HttpRequest, user: User) -> int:
    """Let this browser be known for `user` after a complete sign-in or a finished reset. Belongs
    into the transaction of that act, in which the person is locked. Returns the device's number.

    SECURITY: under a new value each time, for all who are known in it, so that a copy of the old one
    dies, and one that somebody put there never becomes theirs. An answer that gets lost leaves the
    browser a stranger once: a while of grace for the old value would be one for its copies too.

    One UPDATE for a device that is known already, for a new one an UPDATE and an INSERT; and an
    UPDATE where others are known in this browser, or may be.
    """
    now = timezone.now()
    brought = value_of(request)
    former, fresh = sealing.token_digest(brought), _fresh_key(request)
    agent, at = _agent(request), stored(now)
    seen: tuple[bool, int] | None = None
    with connection.cursor() as cursor:
        if brought:
            cursor.execute(_SEEN_AGAIN, [fresh, agent, at, user.pk, former, former, user.pk])
            seen = cursor.fetchone()
        if seen is None:
            most = settings.POLICY_DEVICES_PER_PERSON - 1
            cursor.execute(_PAST_THE_NEWEST, [at, at, user.pk, user.pk, most])
            cursor.execute(_SEEN_FIRST, [user.pk, fresh, agent, at, at])
            number = cursor.fetchone()[0]
        else:
            number = seen[1]
        if seen[0] if seen else brought:
            _take_along(cursor, former, fresh)
    return number


def _take_along(cursor: CursorWrapper, former: str, fresh: str) -> None:
    """The rows of all others who are known in this browser. Last, and only those that nobody is
    changing just now: whoever signs in has locked themself alone, and two of them would each wait
    for the other's row. Whoever is left behind is a stranger once."""
    skips = connection.features.has_select_for_update_skip_locked
    unless_held = " FOR UPDATE SKIP LOCKED" if skips else ""
    cursor.execute(_TAKEN_ALONG.format(unless_held=unless_held), [fresh, former])


def remember_for(request: HttpRequest, user: User, minutes: int) -> None:
    """Let this browser be known for so long, after an unlock letter. Where it is known for longer,
    nothing changes. It keeps its value if anybody is known by it, so that they stay known."""
    now = timezone.now()
    key = sealing.token_digest(value_of(request))
    if not KnownDevice.objects.filter(key=key).exists():
        key = _fresh_key(request)
    if alive(now).filter(user=user, key=key, expires_at=None).exists():
        return
    fresh = _as_seen(request, now) | {"expires_at": now + timedelta(minutes=minutes)}
    KnownDevice.objects.bulk_create(
        [KnownDevice(user=user, key=key, created_at=now, **fresh)],
        update_conflicts=True,
        unique_fields=["user", "key"],
        update_fields=list(fresh),
    )


def _fresh_key(request: HttpRequest) -> str:
    """The stored key of a new value, which the browser gets with the answer."""
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


def forget(
    user: User,
    *,
    pk: int | None = None,
    keep: KnownDevice | None = None,
    since: datetime | None = None,
) -> int:
    """Make one device, or all but `keep`, or of these the ones that became known after `since`,
    strangers again for good; returns how many were known."""
    rows = _all_but(user, keep)
    if pk is not None:
        rows = rows.filter(pk=pk)
    if since is not None:
        rows = rows.filter(created_at__gt=since)
    rows.filter(expires_at__lte=timezone.now()).delete()
    return rows.delete()[0]


def set_aside(user: User, *, keep: KnownDevice | None = None) -> int:
    """Make all but `keep` strangers until they sign in again, and remember which they were while a
    change can be stopped; returns how many. What an unlock letter alone let in is forgotten."""
    rows, now = _all_but(user, keep), timezone.now()
    gone = rows.filter(set_aside_at=None).exclude(expires_at=None).delete()[0]
    known = rows.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return gone + known.update(expires_at=now, set_aside_at=now)


def _all_but(user: User, keep: KnownDevice | None) -> QuerySet[KnownDevice]:
    rows = KnownDevice.objects.filter(user=user)
    return rows.exclude(pk=keep.pk) if keep is not None else rows


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Hand the browser its value, if it was given one in this request. An error undid that: the
    rows know the old value still."""
    value = getattr(request, "_device_value", "")
    if value and response.status_code < 400:
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            value,
            max_age=settings.POLICY_DEVICE_DAYS * 24 * 3600,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )


def purge(batch: int = 500) -> int:
    """Forget a batch of devices that nobody has used for long, and of those that were set aside before
    any change that can be stopped; returns how many went."""
    # A hold lasts until somebody settles it (docs/undo.md), and one may come until a deletion is done.
    window = timezone.now() - timedelta(days=settings.POLICY_UNDO_DAYS)
    held = Q(user__held_since__isnull=False) | Q(user__deletion_due_at__isnull=False)
    wanted = KnownDevice.objects.filter(
        Q(set_aside_at__gt=window) | Q(held, set_aside_at__isnull=False)
    )
    dead = KnownDevice.objects.exclude(pk__in=alive().values("pk")).exclude(
        pk__in=wanted.values("pk")
    )
    keys = list(dead.values_list("pk", flat=True)[:batch])
    return KnownDevice.objects.filter(pk__in=keys).delete()[0] if keys else 0
