"""The one question every way of setting a password asks: may this one be chosen?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.password_validation import validate_password

from accounts.passwords import breached_online
from accounts.passwords.validators import breached_error


@dataclass(frozen=True)
class Person:
    """Who chooses it, as far as is known: at sign-up nobody exists yet."""

    email: str = ""
    username: str = ""
    name: str = ""


def check(
    password: str, *, user: Any = None, email: str = "", username: str = "", name: str = ""
) -> None:
    """Raise ValidationError with a sentence for each rule that `password` breaks.

    Sign-up, change, reset and the commands all come here; the rules are AUTH_PASSWORD_VALIDATORS.
    What is given by name wins over what `user` holds (an address that is just being changed).
    """
    person = Person(
        email=email or getattr(user, "email", ""),
        username=username or getattr(user, "username", ""),
        name=name or getattr(user, "name", ""),
    )
    validate_password(password, person)  # type: ignore[arg-type]  # any object with these names
    # Last, and only of what would be taken: it may leave the site (docs/passwords.md).
    if breached_online.is_breached(password):
        raise breached_error()
