"""Asking a service of breached passwords without telling it the password (k-anonymity).

Off unless BREACHED_RANGE_URL is set. It is sent the first 5 of the 40 digits of the SHA-1, and padding
is asked for so that the size of the answer tells nothing; it learns that somebody at this site chooses
a password now. Only where a password is chosen, never at sign-in, never inside a transaction.

The service is a help and no wall: without an answer within a second the password passes, and so it
does at once while the service is left alone (accounts/outside.py).
"""

from __future__ import annotations

import re

from django.conf import settings

from accounts.outside import NoAnswer, Question, Server
from accounts.passwords.breached import sha1

SECONDS = 0.9
MOST_BYTES = 512 * 1024  # ten times what a padded range takes
AT_ONCE = 2
HEADERS = {"Add-Padding": "true", "User-Agent": "breached-passwords", "Accept": "text/plain"}
_LINE = re.compile(rb"([0-9A-Fa-f]{35}):([0-9]{1,12})\r?")

service = Server("The service of breached passwords", at_once=AT_ONCE, most_bytes=MOST_BYTES)


def is_breached(password: str) -> bool:
    """Whether the service knows it. False without a service, without an answer. Never raises."""
    if not settings.BREACHED_RANGE_URL:
        return False
    digest = sha1(password).hex().upper()
    url = f"{settings.BREACHED_RANGE_URL.rstrip('/')}/{digest[:5]}"
    try:
        known = service.ask(Question(url, _known, HEADERS), seconds=SECONDS)
    except NoAnswer:
        return False
    return digest[5:].encode() in known


def _known(body: bytes) -> set[bytes]:
    """The ends of the digests that were seen: what was seen 0 times is padding."""
    lines = body.strip().split(b"\n")
    found = [_LINE.fullmatch(line) for line in lines]
    if not all(found):
        raise NoAnswer("its answer is no range")
    return {one[1].upper() for one in found if one and int(one[2])}
