"""The personal part of an entry: how it and what is sealed inside it is bound to its row."""

from __future__ import annotations

import base64
import json
from datetime import UTC

from audit import sealing
from audit.addresses import Address
from audit.keys import FORGOTTEN, Keys
from audit.models import Entry


def context_of(entry: Entry) -> str:
    """Binds what is sealed to its row, so that it opens in no other."""
    at = entry.at.astimezone(UTC).isoformat()
    row = [entry.event, at, entry.actor_id, entry.subject_id, entry.request_id, entry.personal_key]
    return json.dumps(["audit entry", *row])


def seal_of_actor(entry: Entry, seen: dict[str, str], key: bytes) -> dict[str, str]:
    """What is seen of whoever acts, under their own key: it goes with them, and not with the one whom
    they acted on."""
    if key == FORGOTTEN:
        return {}
    sealed = sealing.seal_with(
        key, json.dumps(seen).encode(), context="actor of " + context_of(entry)
    )
    return {"of_actor": base64.b64encode(sealed).decode()}


def open_of_actor(entry: Entry, sealed: str, kept: Keys) -> dict[str, str]:
    key = kept.get(entry.actor_id, FORGOTTEN)
    if not sealed or key == FORGOTTEN:
        return {}
    raw = base64.b64decode(sealed)
    opened = json.loads(sealing.unseal_with(key, raw, context="actor of " + context_of(entry)))
    return dict(opened)


def seal_address(entry: Entry, address: Address, month: bytes) -> str:
    if month == FORGOTTEN:
        return ""
    plain = str(address).encode()
    sealed = sealing.seal_with(month, plain, context="address of " + context_of(entry))
    return base64.b64encode(sealed).decode()


def open_address(entry: Entry, sealed: str, month: bytes) -> str:
    if not sealed or month == FORGOTTEN:
        return ""
    raw = base64.b64decode(sealed)
    return sealing.unseal_with(month, raw, context="address of " + context_of(entry)).decode()
