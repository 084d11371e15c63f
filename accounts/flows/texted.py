"""Texting a code to a number: what all flows do that send one."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.flows import sent_codes
from accounts.lockout import budgets
from accounts.models import User
from accounts.texts import allowance, messages
from accounts.texts.messages import Text
from audit import sealing, trail
from audit.events import Event

# The budgets that only say that a minute has not passed.
PAUSES = frozenset({budgets.CODE_PAUSES.name, budgets.TEXT_PAUSES.name})


def send(
    request: HttpRequest, user: User, number: str, purpose: str, *, is_proved: bool = False
) -> None:
    """Text `user` a code for `purpose`, whose first word the trail knows. `is_proved`: the number is
    theirs already. Raises TooManyTries within a minute of the last, and when a limit is spent;
    NumberNotServed."""
    allowance.allow(request, user, number, is_proved=is_proved)
    code = sent_codes.make(sent_codes.TEXT)
    text = compose(number, code, language=user.language, subject_id=user.subject_id)
    with transaction.atomic():
        sent_codes.keep(request, user, purpose, sent_codes.TEXT, code)
        text.put()
        trail.record(
            Event.CODE_SENT,
            subject=user,
            request=request,
            channel="text",
            purpose=purpose.partition(" ")[0],
        )


def compose(number: str, code: str, *, language: str, subject_id: str = "") -> Text:
    """The text with `code`, which is sent no more once the code has run out."""
    return messages.code(
        to=number,
        code=code,
        language=language,
        expires_at=timezone.now() + timedelta(minutes=settings.POLICY_CODE_MINUTES),
        subject_id=subject_id,
    )


def bound_to(purpose: str, number: str) -> str:
    """The purpose of codes that prove this number: one sent to another proves nothing of it."""
    return f"{purpose} {sealing.token_digest(number)[:12]}"
