"""Letters and texts that wait or were given up, and having them tried again: by staff with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from accounts.models import OutgoingMail
from accounts.outbox import delivery
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event

RETRY = "accounts.retry_outgoingmail"


@dataclass
class Outcome:
    """`left`: sent meanwhile, in a worker's hands, or wiped because their code has run out."""

    again: int = 0
    left: int = 0


def may_retry(actor: Any) -> bool:
    return bool(actor.is_active and actor.is_staff and actor.has_perm(RETRY))


def retry(request: HttpRequest, mails: Iterable[OutgoingMail], *, reason: str) -> Outcome:
    """Let each of `mails` be tried at once, one that was given up with all its tries, and say so in the
    trail: all of it or nothing. Raises PermissionDenied, ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    outcome = Outcome()
    with transaction.atomic():
        if not may_retry(guard.acting(request)):
            raise PermissionDenied
        for mail in sorted(mails, key=lambda mail: mail.pk):  # everybody locks in this order
            was = delivery.hurry(mail.pk)
            if not was:
                outcome.left += 1
                continue
            outcome.again += 1
            trail.record(
                Event.MAIL_RETRIED,
                actor=request.user,  # type: ignore[arg-type]
                subject=mail.subject_id or None,
                request=request,
                letter=mail.letter or None,
                was=was,
                reason=reason,
            )
    return outcome
