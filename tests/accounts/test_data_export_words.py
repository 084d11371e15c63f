"""Each closed word of the copy of one's data is said as people say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from accounts import session_words
from accounts.exports import said
from accounts.models import ChangeSet, DataExport, OutgoingMail
from audit import events
from mfa import personal_data
from mfa.watch import KINDS

WORDS: dict[str, tuple[Mapping[str, object], Iterable[str]]] = {
    "changes": (said.CHANGES, ChangeSet.Kind),
    "changes in the trail": (said.CHANGES, events.CHANGED.words),
    "channels": (said.CHANNELS, OutgoingMail.Channel),
    "messages": (said.SENT, OutgoingMail.State),
    "copies": (said.COPIES, DataExport.State),
    "limits": (said.LIMITS, events.LIMITS.words),
    "ways to sign in": (session_words.WAYS, events.METHOD.words),
    "second steps": (
        personal_data.KINDS,
        {*KINDS, "recovery_codes"} - {"passkey", "recovery_code"},
    ),
}


@pytest.mark.parametrize("what", WORDS)
def test_every_one_has_its_words(what: str) -> None:
    named, words = WORDS[what]
    assert set(words) <= set(named)
    assert [word for word in words if "_" in str(named[word]) or not str(named[word])] == []
