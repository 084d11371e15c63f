"""What somebody sees who has to wait: the same for names that exist and names that do not."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.errors import TooManyTries
from accounts.fields import IDENTIFIER_LENGTH
from accounts.lockout import tries
from accounts.refusals import refusal_page


def too_many_tries(
    request: HttpRequest, answer: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """In the place of whatever the view answered, when axes refused (its lockout callable)."""
    window = settings.POLICY_FAILURE_WINDOW_MINUTES * 60
    refusal = tries.ledger(request).refusal or TooManyTries(window)
    # Shown again to whoever typed it, so that one button asks for the letter.
    typed = request.POST.get("login", "")[:IDENTIFIER_LENGTH]
    person = getattr(request, "user", None)
    refusal.whose = person.email if person and person.is_authenticated else typed
    return refusal_page(request, refusal)
