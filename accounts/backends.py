"""Who is this? One look-up and one hash, whoever is asked for and whatever was typed."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import transaction
from django.http import HttpRequest

from accounts.errors import HashingBusy
from accounts.lookups import Lookup
from accounts.models import User
from accounts.passwords import verdict
from accounts.sessions.joined import JoinedUser
from accounts.validators import USERNAME_LENGTH, address_or_blank, normalise_username
from audit import trail
from audit.events import Event

_by_address = Lookup(
    lambda address: User.objects.filter(emailaddress__email=address, emailaddress__verified=True)
)
_by_username = Lookup(lambda username: User.objects.filter(username=username))


def find_user(identifier: str) -> User | None:
    """The person with this confirmed address or this username. One SELECT, also for what can be
    neither."""
    if "@" in identifier:
        return _by_address.find(address_or_blank(identifier))
    return _by_username.find(_username(identifier))


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


class OneHashBackend(JoinedUser, ModelBackend):
    """Rights as Django's ModelBackend has them; the proof of identity is our own.

    SECURITY: Django hashes twice for an unusable password of an older kind, allauth twice for a
    known address and once for an unknown one. Here it is one for every try (ASVS 6.3.8), and a
    second only after a right password whose hash is of yesterday's kind.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        """The person, or None. A switched-off person with the right password is None too, and is
        left on the request as `switched_off_user`. Raises HashingBusy."""
        identifier = username or others.get("email") or others.get("login") or ""
        if password is None:
            return None  # not a try with a password: some other backend's credentials
        user = find_user_once(request, identifier)
        found = verdict.of(password, user.password if user else None)
        if user is None or not found.right:
            return None
        if not self.user_can_authenticate(user):
            if request is not None:
                request.switched_off_user = user  # type: ignore[attr-defined]
            return None
        if found.stale:
            upgrade(user, password, request)
        return user

    async def aauthenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        """Django's own would go round all of the above."""
        return await sync_to_async(self.authenticate)(request, username, password, **others)


def upgrade(user: User, password: str, request: HttpRequest | None) -> None:
    """Replace the hash by one of today's; the password stays, and so do the sessions.

    A password that was changed since `user` was loaded is not overwritten. Without room to hash the
    old one stays for now.
    """
    former = user.password
    try:
        fresh = make_password(password)
    except HashingBusy:
        return
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, password=former).update(password=fresh):
            return
        trail.record(
            Event.PASSWORD_HASH_UPGRADED,
            actor=user,
            subject=user,
            request=request,
            former=identify_hasher(former).algorithm,
        )
    user.password = fresh
