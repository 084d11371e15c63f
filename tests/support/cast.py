"""The people tests tell of: Alice and Bob who hold accounts, Ada who runs the site.

Whoever is staff has an app and recovery codes: without them no page of the desk opens."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.models import User
from tests.support import second_steps

PASSWORD = "a kettle of quiet violets"


@lru_cache(maxsize=16)
def _hash(password: str, memory_kib: int) -> str:
    """Made once for each price of a hash: one of another price would be replaced at sign-in."""
    return make_password(password)


def person(
    username: str, *, email: str = "", password: str | None = PASSWORD, **fields: Any
) -> User:
    """Somebody with a confirmed main address; `password=None` for somebody who has none."""
    email = email or f"{username}@example.org"
    user = User.objects.create(
        username=username,
        email=email,
        password=_hash(password, settings.POLICY_ARGON2_MEMORY_KIB)
        if password
        else make_password(None),
        **fields,
    )
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if user.is_staff:
        second_steps.give_app(user)
    return user


def administrator(username: str = "ada", **fields: Any) -> User:
    return person(username, is_staff=True, is_superuser=True, **fields)
