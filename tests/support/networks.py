"""Rules about networks, put in force at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import NetworkRule
from accounts.networks import snapshot


def rule(kind: str, network: str, scope: str = "site", **fields: Any) -> NetworkRule:
    """A row as the flow would make it; a denial runs out in a day."""
    fields.setdefault("note", "ticket 4411")
    if kind == "deny":
        fields.setdefault("ends_at", timezone.now() + timedelta(days=1))
    made = NetworkRule.objects.create(kind=kind, network=network, scope=scope, **fields)
    snapshot.expire()
    return made


def deny(network: str, scope: str = "site", **fields: Any) -> NetworkRule:
    return rule("deny", network, scope, **fields)


def allow(network: str, scope: str = "site", **fields: Any) -> NetworkRule:
    return rule("allow", network, scope, **fields)
