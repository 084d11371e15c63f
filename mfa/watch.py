"""What this room counts for the dashboard (WATCH_SOURCES)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models
from django.db.models import Count

from audit.watch.gauges import Gauge, Source
from mfa.models import AuthenticatorApp, MailedCode, Passkey, RecoveryCodes, TextedCode

KINDS: dict[str, type[models.Model]] = {
    "app": AuthenticatorApp,
    "passkey": Passkey,
    "texted_code": TextedCode,
    "mailed_code": MailedCode,
    "recovery_code": RecoveryCodes,
}


def sampled() -> Iterator[Gauge]:
    """How many people have each kind of second step."""
    for kind, model in KINDS.items():
        people = model._default_manager.filter(confirmed=True)
        yield Gauge("second_step", people.aggregate(n=Count("user", distinct=True))["n"], kind)


SOURCE = Source(sampled=sampled)
