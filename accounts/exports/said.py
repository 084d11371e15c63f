"""How the page of the copy says what its files have as words for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import panels, session_words
from accounts.exports.readable import shown
from accounts.flows.letters import STATES
from accounts.models import ChangeSet, DataExport, OutgoingMail
from accounts.personal_data import Words

CHANNELS: dict[str, Words] = {
    OutgoingMail.Channel.LETTER: _("Email"),
    OutgoingMail.Channel.TEXT: _("Text message"),
}
SENT: dict[str, Words] = {**STATES, OutgoingMail.State.UNWANTED: _("Not sent")}
CHANGES: dict[str, Words] = {
    ChangeSet.Kind.ADDRESS: _("Email addresses"),
    ChangeSet.Kind.PASSWORD: _("Password"),
    ChangeSet.Kind.FACTOR: _("Second steps"),
    ChangeSet.Kind.PHONE: _("Phone number"),
    ChangeSet.Kind.USERNAME: _("Username"),
    ChangeSet.Kind.LIMITS: _("Limits you set"),
    ChangeSet.Kind.DELETION: _("Deletion of the account"),
}
COPIES: dict[str, Words] = {
    DataExport.State.WAITING: _("Being prepared"),
    DataExport.State.BUILDING: _("Being prepared"),
    DataExport.State.READY: _("Ready"),
    DataExport.State.FAILED: _("Could not be made"),
    DataExport.State.EXPIRED: _("Deleted"),
}
LIMITS: dict[str, Words] = {
    "frozen_until": _("Sign-ins frozen until"),
    "resets_need_proof": _("No reset by email alone"),
    "passkey_for_changes": _("Changes take a passkey"),
    "recovery_days": _("Days to wait for a new second step"),
}


def one_of(words: Mapping[str, Words]) -> Callable[[str], Words]:
    """A closed word by what it means; one that nobody has named by itself."""
    return lambda word: words.get(word, word)


def language(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


def ways(methods: list[str]) -> str:
    """All of them, unlike the page of devices: by what a session was opened and proved since."""
    if not methods:
        return session_words.by_what(())
    return ", ".join(str(session_words.WAYS.get(method, method)) for method in methods)


def message(kind: str) -> Words:
    """Of texts there is one kind."""
    return _("A code that you asked for") if kind == "code" else panels.letter_called(kind)


def by_limit(values: Mapping[str, Any]) -> str:
    """Limits with a moment (ISO 8601) or a value each."""
    return ", ".join(f"{LIMITS.get(name, name)}: {_value(one)}" for name, one in values.items())


def _value(one: Any) -> str:
    return shown(datetime.fromisoformat(one) if isinstance(one, str) else one) or "–"
