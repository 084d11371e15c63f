"""Every text message of the site, one function each. They compose and return a Text; its `put()` is
what belongs into the transaction of the act, as with a letter (accounts/outbox/letters.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from accounts.language import known_language
from accounts.models import OutgoingMail
from accounts.outbox.cleaning import prose
from accounts.outbox.compose import Message
from accounts.texts import segments

NAME_LENGTH = 60


@dataclass(frozen=True)
class Text(Message):
    """A finished text message; `raw` is what it says, in UTF-8."""

    channel = OutgoingMail.Channel.TEXT


def code(*, to: str, code: str, language: str, expires_at: datetime, subject_id: str = "") -> Text:
    """A code that works until `expires_at`; later the text is not sent any more. `to` is in E.164,
    `language` the reader's, `subject_id` the reader as the trail knows them.

    The last line binds the code to this site: phones fill it in nowhere else, and a page that only
    looks like ours gets none (WICG origin-bound one-time codes). There is no link: people learn to
    follow none.
    """
    with translation.override(known_language(language) or settings.LANGUAGE_CODE):
        says = _in_one_segment(code)
    return Text("code", secrets.token_hex(16), to, subject_id, says.encode(), expires_at=expires_at)


def _in_one_segment(code: str) -> str:
    """With the whole name of the site, or as much of it as makes no further segment: each is paid
    for. Where the language itself takes more than one, that many."""
    bound = f"\n\n@{_host()} #{code}"
    nameless = gettext("%(code)s is your code. Never share it.") % {"code": code} + bound
    named = gettext("%(code)s is your %(name)s code. Never share it.")
    for name in _shorter(prose(settings.SITE_NAME, NAME_LENGTH)):
        text = named % {"code": code, "name": name} + bound
        if segments.count(text) == segments.count(nameless):
            return text
    return nameless


def _shorter(name: str) -> Iterator[str]:
    """`name`, then with one word less each, then the first word with one letter less each."""
    words = name.split()
    for number in range(len(words), 0, -1):
        yield " ".join(words[:number])
    first = words[0] if words else ""
    for length in range(len(first) - 1, 2, -1):
        yield first[:length]


def _host() -> str:
    """As browsers compare it: without a port."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    return host if host.isascii() else host.encode("idna").decode("ascii")
