"""Whose name is this? One look-up, whatever was typed."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.lookups import Lookup
from accounts.models import User
from accounts.validators import USERNAME_LENGTH, address_or_blank, normalise_username

_by_address = Lookup(
    lambda address: User.objects.filter(emailaddress__email=address, emailaddress__verified=True),
    tells_nothing=True,
)
_by_username = Lookup(lambda username: User.objects.filter(username=username), tells_nothing=True)


def find_user(identifier: str) -> User | None:
    """The person with this confirmed address or this username. One SELECT, also for what can be
    neither."""
    key = key_of(identifier)
    return (_by_address if "@" in identifier else _by_username).find(key)


def key_of(identifier: str) -> str:
    """What `identifier` is looked up as: the one spelling of an address or a username, or '' for
    what no account can be found by."""
    return address_or_blank(identifier) if "@" in identifier else _username(identifier)


def find_user_once(request: HttpRequest | None, identifier: str) -> User | None:
    """`find_user`, asked of the database once in a request for each identifier."""
    if request is None:
        return find_user(identifier)
    found: dict[str, User | None] = request.__dict__.setdefault("_people_found", {})
    if identifier not in found:
        found[identifier] = find_user(identifier)
    return found[identifier]


def _username(typed: str) -> str:
    """'' for what no account can be called: PostgreSQL, for one, refuses to be asked for a NUL."""
    username = normalise_username(typed)
    plain = username.isascii() and username.isprintable() and len(username) <= USERNAME_LENGTH
    return username if plain else ""
