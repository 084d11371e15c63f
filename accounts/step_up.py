"""How fresh the last proof of identity is, and asking for a fresh one."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest


def has_fresh_proof(request: HttpRequest) -> bool:
    """Whether this session proved its person within POLICY_FRESH_PROOF_MINUTES, by one of
    STEP_UP_METHODS: proofs of the person, not of a mailbox (ASVS 7.5.1).

    Read from the session's own record of proofs alone, so it is asked of people without a password
    too (the library's own answer for them is "yes").
    """
    if not request.user.is_authenticated:
        return False
    oldest = time.time() - settings.POLICY_FRESH_PROOF_MINUTES * 60
    records = get_authentication_records(request, request.user)
    return any(
        record.get("method") in settings.STEP_UP_METHODS and record.get("at", 0) > oldest
        for record in records
    )


def demand_fresh_proof(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the proof is fresh; the POST is kept and carried on."""
    if not has_fresh_proof(request):
        raise ReauthenticationRequired
