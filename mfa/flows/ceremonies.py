"""A question to an authenticator and its answer: a ceremony. Begun for one purpose and one person, in
one session; answered once, and not later than five minutes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone

from accounts.botcheck import spent
from accounts.models import User

Purpose = Literal["register", "sign_in", "second_step", "step_up"]
# Under which they are kept in the session, which rests sealed.
OPEN = "mfa_ceremonies"
MOST = 5  # pages of one browser that wait at once
SECONDS = 300
# What the script hands back: the name of the ceremony, and what the authenticator said.
Answer = Mapping[str, Any]


class CeremonyOver(Exception):
    """It took too long, was answered before, or was none of this session, person and purpose."""


def begin(
    request: HttpRequest, purpose: Purpose, user: User | None, options: dict[str, Any]
) -> dict[str, Any]:
    """Remember the challenge of `options`; what the script gets."""
    name = secrets.token_urlsafe(16)
    kept = dict(list(request.session.get(OPEN, {}).items())[1 - MOST :])
    kept[name] = {
        "challenge": options["challenge"],
        "purpose": purpose,
        "user": user.pk if user else None,
        "at": time.time(),
    }
    request.session[OPEN] = kept
    return {"ceremony": name, "publicKey": options}


def take(request: HttpRequest, purpose: Purpose, user: User | None, answer: Answer) -> str:
    """The challenge of the ceremony that `answer` belongs to, used up by asking. Raises CeremonyOver.

    SECURITY: the session alone would not do: of requests that race each has loaded its own copy. One
    INSERT decides, before anything is looked at, and stays whatever becomes of the session.
    """
    kept = dict(request.session.get(OPEN, {}))
    found = kept.pop(str(answer.get("ceremony")), None)
    if found is None:
        raise CeremonyOver
    request.session[OPEN] = kept
    age = time.time() - found["at"]
    wanted = (purpose, user.pk if user else None)
    if (found["purpose"], found["user"]) != wanted or not 0 <= age <= SECONDS:
        raise CeremonyOver
    challenge = str(found["challenge"])
    ends = timezone.now() + timedelta(seconds=SECONDS)
    if not spent.spend(f"passkey ceremony {challenge}", ends):
        raise CeremonyOver
    return challenge
