"""TEXT_URL and the countries beside it, read at the start.

SECURITY: no message repeats a part of the address: it holds the provider's secret.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

import phonenumbers
from django.core.exceptions import ImproperlyConfigured

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHORTEST_SECRET = 32
# The country's code and up to 15 digits (E.164), a name of 11 letters and digits, a short code, or
# the id of a pool of senders.
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[A-Za-z0-9 ]{1,11}|MG[0-9a-f]{32}")
_FORMS = "console:, file:///folder, webhook+https://…?secret=… or twilio://SID:TOKEN@host/?from=…"
_SENDERS = "accounts.texts.senders."


def text_transport(url: str) -> dict[str, str]:
    """What settings.TEXT_TRANSPORT holds: empty for off, else the sender and what it is made with.

    Raises ImproperlyConfigured that names TEXT_URL and what is wrong with it.
    """
    if not url:
        return {}
    if url == "console:":
        return {"backend": f"{_SENDERS}Console"}
    try:
        parts = urlsplit(url)
        here = (parts.hostname or "") in LOOPBACK
        sound = parts.port != 0
    except ValueError:
        raise ImproperlyConfigured("TEXT_URL is no address.") from None
    if parts.scheme == "file":
        return _folder(parts)
    kind, _, inner = parts.scheme.partition("+")
    if kind not in ("webhook", "twilio") or inner not in ("https", "http", ""):
        raise ImproperlyConfigured(f"TEXT_URL must be one of {_FORMS}.")
    if not parts.hostname or not sound or parts.fragment:
        raise ImproperlyConfigured(f"TEXT_URL names no host, or no port: {_FORMS}.")
    if inner == "http" and not here:
        raise ImproperlyConfigured("TEXT_URL: plain http is for this very machine only.")
    return _webhook(parts) if kind == "webhook" else _twilio(parts)


def _folder(parts: SplitResult) -> dict[str, str]:
    folder = unquote(parts.path)
    if parts.netloc or not PurePosixPath(folder).is_absolute() or folder == "/":
        raise ImproperlyConfigured("TEXT_URL: a folder is file:///like/this.")
    return {"backend": f"{_SENDERS}Folder", "folder": folder}


def _webhook(parts: SplitResult) -> dict[str, str]:
    """What else stands in the query is the receiver's, and goes along."""
    if parts.scheme == "webhook" or parts.username is not None:
        raise ImproperlyConfigured("TEXT_URL: a webhook is webhook+https://host/path?secret=….")
    secret, others = _taken_out(parts.query, "secret")
    if len(secret) < SHORTEST_SECRET:
        raise ImproperlyConfigured(
            f"TEXT_URL: secret= must have {SHORTEST_SECRET} characters or more; the receiver knows"
            " by it that a text is ours."
        )
    try:
        b64decode(secret.partition("whsec_")[2], validate=True)
    except ValueError:
        raise ImproperlyConfigured("TEXT_URL: after secret=whsec_ stands base64.") from None
    path = parts._replace(scheme=parts.scheme.partition("+")[2], query=others)
    return {"backend": f"{_SENDERS}Webhook", "url": path.geturl(), "secret": secret}


def _twilio(parts: SplitResult) -> dict[str, str]:
    """Twilio's form of the request, which others speak too."""
    sender, others = _taken_out(parts.query, "from")
    account, token = unquote(parts.username or ""), unquote(parts.password or "")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", account) or not token or not token.isascii():
        raise ImproperlyConfigured("TEXT_URL: twilio:// needs ACCOUNT_SID:TOKEN before the host.")
    if not _SENDER.fullmatch(sender) or others or parts.path not in ("", "/"):
        raise ImproperlyConfigured(
            "TEXT_URL: twilio:// ends in /?from=, with a number like +15551234567, a name of up to"
            " 11 letters, or the id of a messaging service, and nothing else."
        )
    place = parts.netloc.rpartition("@")[2]
    scheme = parts.scheme.partition("+")[2] or "https"
    return {
        "backend": f"{_SENDERS}Twilio",
        "url": f"{scheme}://{place}",
        "account": account,
        "token": token,
        "sender": sender,
    }


def _taken_out(query: str, name: str) -> tuple[str, str]:
    """The value of `name` in the query, and the query without it. A plus is a plus: it begins a
    number."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    found = [unquote(value) for key, _, value in pairs if key == name]
    others = "&".join("".join(pair) for pair in pairs if pair[0] != name)
    return (found[0] if len(found) == 1 else ""), others


def countries(name: str, codes: Iterable[str]) -> list[str]:
    """`codes` in capitals; raises ImproperlyConfigured naming the variable for one that no numbers
    belong to (ISO 3166-1: GB, not UK)."""
    known = [code.upper() for code in codes if code]
    for code in known:
        if code not in phonenumbers.SUPPORTED_REGIONS:
            raise ImproperlyConfigured(
                f"{name}: {code!r} is no country with telephone numbers (ISO codes, like GB)."
            )
    return known
