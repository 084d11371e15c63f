"""Whom a try is counted for: an account in all its spellings, and a network."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from django.http import HttpRequest

from accounts.identify import find_user_once, key_of
from accounts.models import User
from accounts.networks import parsing
from audit.sealing import keyed_digest

NOWHERE = "0.0.0.0"  # noqa: S104 - a bucket, not a socket: all whose address is unknown share it
IPV6_BITS = 64


@lru_cache(maxsize=1024)
def network(ip: str) -> str:
    """The address that stands for the network: itself, or the first of its /64 (whoever has one
    IPv6 address mostly has the other 2^64 - 1 too)."""
    found = parsing.address(ip)
    if found is None:
        return NOWHERE
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.IPv6Network((int(found), IPV6_BITS), strict=False).network_address)


def network_bucket(request: HttpRequest) -> str:
    return network(getattr(request, "client_ip", ""))


def of_user(user: User) -> str:
    return f"uid:{user.pk}"


def account_bucket(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """One bucket for every spelling that finds one account. Names that nobody has are kept as keyed
    digests only: people type passwords into the name box."""
    typed = typed_name(credentials)
    user = find_user_once(request, typed)
    # SECURITY: made for everybody, so that a stopwatch does not tell for whom it was needed.
    if_nobody = of_nobody(typed)
    return of_user(user) if user else if_nobody


def of_nobody(typed: str) -> str:
    """The bucket of a name that nobody has, in all its spellings."""
    return "name:" + keyed_digest(spelling(typed), purpose="lockout name")


def typed_name(credentials: dict[str, Any] | None) -> str:
    """What was typed as a name, under whichever name a library passes it on."""
    credentials = credentials or {}
    return credentials.get("username") or credentials.get("email") or credentials.get("login") or ""


def spelling(typed: str) -> str:
    """The spelling that stands for all under which a name would be looked up.

    SECURITY: it is the look-up's own, and what can find nobody keeps apart. If a long s counted as
    an s here and not there, guesses at it would hold up a name that nobody has and not one that
    somebody has: anybody could ask which names are taken.
    """
    return key_of(typed) or f"odd {typed.strip().casefold()}"
