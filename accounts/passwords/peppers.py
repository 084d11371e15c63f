"""Peppers: HMAC keys over passwords that lie outside the database (OWASP Password Storage, NIST SP
800-63B-4 3.1.1.2). Whoever steals only the table cannot begin to guess.

`PASSWORD_PEPPERS` is `id:key,…` like FIELD_KEYS, the first one active, empty for none. A hash names
the pepper it was made under, so that a new one can be put in front without anybody's reset: who signs
in is moved to it. Take an old one out when `auth_hashes report` counts no hash under it any more.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audit.sealing import parse_ring

# It stands in every hash, which must fit its column.
_ID = re.compile(r"[0-9A-Za-z]{1,32}", re.ASCII)


class PepperLost(LookupError):
    """The hash was made under a pepper that the settings no longer hold."""


def ring() -> dict[str, bytes]:
    """{id: key}, the active one first, or nothing; raises ImproperlyConfigured."""
    if not settings.PASSWORD_PEPPERS:
        return {}
    keys = parse_ring(settings.PASSWORD_PEPPERS, name="PASSWORD_PEPPERS")
    if not all(_ID.fullmatch(key_id) for key_id in keys):
        raise ImproperlyConfigured("PASSWORD_PEPPERS: an id is 1 to 32 letters a-z and digits.")
    return keys


def active() -> str:
    """The id that new hashes are made under; '' without peppers."""
    return next(iter(ring()), "")


def peppered(password: bytes, key_id: str) -> bytes:
    """What is given to Argon2id. Raises PepperLost."""
    if not key_id:
        return password
    try:
        key = ring()[key_id]
    except KeyError as error:
        raise PepperLost(key_id) from error
    return hmac.digest(key, password, hashlib.sha256)
