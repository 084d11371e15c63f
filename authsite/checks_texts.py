"""What must hold of text messages; written down like authsite/checks.py."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from authsite.checks import is_here
from authsite.rules import rule

NOBODYS = ("Console", "Folder")


def _sender() -> str:
    return str(settings.TEXT_TRANSPORT.get("backend", "")).rpartition(".")[2]


@rule(
    "E021",
    "TEXT_URL sends texts in clear over the network.",
    hint="Use webhook+https:// or twilio://.",
    why="texts carry codes and the numbers of people, and the token goes along: ASVS 12.3.1",
)
def texts_are_encrypted() -> bool:
    address = urlsplit(settings.TEXT_TRANSPORT.get("url", ""))
    return address.scheme != "http" or is_here(address.hostname or "")


@rule(
    "E022",
    "TEXT_URL sends no texts to anybody, and keeps codes where others may read them.",
    hint="Leave it empty, or name a webhook or a provider.",
    why="whoever has chosen texts could not sign in, and the log would hold their codes",
)
def texts_leave() -> bool:
    return _sender() not in NOBODYS


@rule(
    "W021",
    "TEXT_URL is set: people can be sent codes by text message.",
    hint="Leave it empty, or know the risk, offer something stronger beside it, watch the bill, and"
    " name the countries you serve in TEXT_COUNTRIES; then add the id to SILENCED_CHECKS.",
    why="a restricted authenticator (NIST SP 800-63B-4 3.1.3.3): whoever talks a phone company"
    " into a new SIM gets the codes, and each text costs, also those that strangers cause; ASVS 6.6.1",
)
def texts_are_off() -> bool:
    return not settings.TEXT_TRANSPORT or _sender() in NOBODYS
