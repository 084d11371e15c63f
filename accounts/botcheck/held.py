"""Passwords that wait on this side while their form is being checked: never in a page, sealed, for
ten minutes at the most, and gone when they are fetched."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.lockout import budgets
from accounts.models import HeldSecrets
from audit import sealing
from audit.sealed import SealedColumn

FIELD = "bot_held"
LIFE = timedelta(minutes=10)
LONGEST = 4_000
SEALED = SealedColumn(
    "passwords that wait for a bot check",
    HeldSecrets,
    "sealed",
    lambda row: _context(row.digest),
)
# So that a flood of forms cannot fill the table: past it the page asks for the password again.
HELD = budgets.Budget("held_secrets", lambda: 60, LIFE)


def hold(secret: Mapping[str, str], *, network: str) -> str:
    """The token that fetches them, or nothing where there is no room for more. One row is written."""
    plain = json.dumps(dict(secret)).encode()
    if len(plain) > LONGEST or not budgets.spend_if_room(HELD, network):
        return ""
    token = secrets.token_urlsafe(32)
    digest = sealing.token_digest(token)
    HeldSecrets.objects.create(
        digest=digest,
        sealed=sealing.seal(plain, context=_context(digest)),
        ends_at=timezone.now() + LIFE,
    )
    return token


def fetch(token: str) -> dict[str, str]:
    """What `hold` kept, once; nothing if it ended, was fetched, or never was."""
    digest = sealing.token_digest(token)
    row = HeldSecrets.objects.filter(digest=digest, ends_at__gt=timezone.now()).first()
    if row is None or not HeldSecrets.objects.filter(digest=digest).delete()[0]:
        return {}
    try:
        kept: dict[str, str] = json.loads(sealing.unseal(row.sealed, context=_context(digest)))
    except sealing.SealBroken:  # its key was retired in these minutes: asked for again
        return {}
    return kept


def restored(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorates a view whose form may wait for a check: what was held is in its POST again."""

    @wraps(view)
    def with_secrets(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        token = request.POST.get(FIELD) if request.method == "POST" else ""
        if token:
            posted = request.POST.copy()
            for name, value in fetch(token).items():
                posted.setdefault(name, value)
            request.POST = posted  # type: ignore[assignment]
        return view(request, *args, **kwargs)

    return with_secrets


def purge(batch: int) -> int:
    """Housekeeping: what was not fetched in time."""
    gone = HeldSecrets.objects.filter(ends_at__lt=timezone.now())
    keys = list(gone.values_list("pk", flat=True)[:batch])
    return gone.filter(pk__in=keys).delete()[0] if keys else 0


def _context(digest: str) -> str:
    return f"held secrets {digest}"
