"""Reads settings from environment variables and remembers what was asked for.

Every variable is declared once, here, with its meaning and its bounds. `docs/settings.md` and
`.env.example` are held equal to this list by a test, so that nothing is read in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

SWITCH = {
    "": False,
    **dict.fromkeys(("on", "yes", "true", "1"), True),
    **dict.fromkeys(("off", "no", "false", "0"), False),
}
# How EMAIL_URL begins, what django-environ calls it, and the port (RFC 8314 3.3, 7.3).
MAIL_SCHEMES = {
    "submission": ("smtp+tls", 587),
    "submissions": ("smtp+ssl", 465),
    "smtps": ("smtp+ssl", 465),
    "smtp": ("smtp", 25),
}


@dataclass(frozen=True)
class Setting:
    """One documented environment variable. `default` is the text shown in the documentation."""

    name: str
    kind: str
    default: str
    meaning: str
    bounds: str = ""


class Environment:
    """The process environment, with `.env` behind it (the environment wins)."""

    def __init__(self, dotenv: Path) -> None:
        self.env = environ.Env()
        if dotenv.is_file():
            environ.Env.read_env(dotenv, overwrite=False)
        self.catalogue: dict[str, Setting] = {}

    def _declare(
        self, name: str, kind: str, default: Any, meaning: str, bounds: str = "", shown: Any = None
    ) -> None:
        text = str(default) if shown is None else shown
        self.catalogue[name] = Setting(name, kind, text, meaning, bounds)

    def _value(self, name: str) -> str:
        """What the environment says, to the letter. Set to nothing counts as not set."""
        return str(self.env.ENVIRON.get(name, "")).strip()

    def required(self, **meanings: str) -> tuple[str, ...]:
        """Strings without which nothing starts; raises ImproperlyConfigured naming all that are
        missing, at once: nobody is to find them out one start after the other."""
        for name, meaning in meanings.items():
            self._declare(name, "text", "required", meaning)
        missing = [f"{name}: {text}" for name, text in meanings.items() if not self._value(name)]
        if missing:
            raise ImproperlyConfigured(
                "Set in the environment or its file (docs/settings.md): " + " ".join(missing)
            )
        return tuple(map(self._value, meanings))

    def text(self, name: str, default: str, meaning: str, *, shown: str | None = None) -> str:
        self._declare(name, "text", default, meaning, shown=shown)
        return self._value(name) or default

    def secure_url(self, name: str, meaning: str) -> str:
        """Empty, or an https address without a query; http only to this very machine."""
        self._declare(name, "https address", "empty", meaning)
        value = self._value(name)
        try:
            parts = urlsplit(value)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            raise ImproperlyConfigured(f"{name} is no address.") from None
        plain = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
        odd = parts.query or parts.fragment or parts.username or parts.password or port == 0
        if value and (odd or not host or not (parts.scheme == "https" or plain)):
            raise ImproperlyConfigured(f"{name} must be an https address, without a query.")
        return value

    def switch(self, name: str, default: bool, meaning: str) -> bool:
        """On or off; raises ImproperlyConfigured for anything else, a slip must not switch off."""
        self._declare(name, "switch", "on" if default else "off", meaning)
        value = self._value(name).lower()
        if value not in SWITCH:
            raise ImproperlyConfigured(f"{name} must be on or off.")
        return SWITCH[value] if value else default

    def list(
        self, name: str, default: list[str], meaning: str, *, shown: str | None = None
    ) -> list[str]:
        self._declare(
            name, "comma-separated list", ",".join(default) or "empty", meaning, shown=shown
        )
        items = [item.strip() for item in self._value(name).split(",")]
        return [item for item in items if item] or default

    def number(self, name: str, default: int, meaning: str, *, low: int, high: int) -> int:
        """A whole number inside its bounds; raises ImproperlyConfigured naming the variable."""
        self._declare(name, "number", default, meaning, bounds=f"{low} to {high}")
        try:
            value = int(self._value(name) or default)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number.") from None
        if not low <= value <= high:
            raise ImproperlyConfigured(f"{name} is {value}; it must lie between {low} and {high}.")
        return value

    def day(self, name: str, meaning: str) -> date | None:
        """A day like `2027-03-31`, or None where none is set."""
        self._declare(name, "day", "empty", meaning)
        value = self._value(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a day like 2027-03-31.") from None

    def choice(self, name: str, default: str, meaning: str, *, options: tuple[str, ...]) -> str:
        self._declare(name, "one of " + ", ".join(options), default, meaning)
        value = self._value(name) or default
        if value not in options:
            raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {options}.")
        return value


def mail_settings(url: str) -> dict[str, Any]:
    """Django's EMAIL_… settings of an EMAIL_URL; raises ImproperlyConfigured naming it."""
    scheme, mark, rest = url.partition(":")
    known, port = MAIL_SCHEMES.get(scheme, (scheme, None))
    try:
        found = environ.Env.email_url_config(f"{known}{mark}{rest}")
    except (ImproperlyConfigured, ValueError):
        raise ImproperlyConfigured(f"EMAIL_URL: {scheme!r} is no way to send letters.") from None
    return {**found, "EMAIL_PORT": found["EMAIL_PORT"] or port}
