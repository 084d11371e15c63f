"""Which passwords may be chosen: long ones that are neither widely used nor the person's own name.

No rule on kinds of characters, no expiry, no hints (NIST SP 800-63B-4 3.1.1.2; ASVS 6.2). Django
calls these for every way a password is set; ask through `policy.check`. Nothing is ever cut.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.passwords import blocklist, breached, pieces
from accounts.passwords.folding import fold, letters_and_digits, unmasked

SHORTEST_NAME = 4
# What must be left of a password once names are taken out of it.
SHORTEST_REST = 8


class LengthValidator:
    """Between POLICY_PASSWORD_MIN and POLICY_PASSWORD_MAX characters (code points) that a person can
    type: NUL and lone surrogates are no characters."""

    def validate(self, password: str, user: Any = None) -> None:
        used, least, most = len(password), *_bounds()
        if used < least:
            raise ValidationError(
                gettext_lazy("Use at least %(min)d characters. You have used %(used)d."),
                params={"min": least, "used": used},
                code="short",
            )
        if used > most:
            raise ValidationError(
                gettext_lazy("Must be %(max)d characters or fewer"),
                params={"max": most},
                code="long",
            )
        if any(one == "\0" or unicodedata.category(one) == "Cs" for one in password):
            raise ValidationError(
                gettext_lazy(
                    "The password has a character in it that cannot be used. Type it again."
                ),
                code="character",
            )

    def get_help_text(self) -> str:
        return _(
            "At least %(min)d characters. Three or four unrelated words work well. Spaces are fine."
        ) % {"min": settings.POLICY_PASSWORD_MIN}


class ContextValidator:
    """Not made of the person's own names and addresses, nor of this site's (ASVS 6.1.2, 6.2.11).

    Names may occur: refused is a password of which fewer than eight letters and digits remain without
    them, or that is easy by `pieces` when they count as common words."""

    def validate(self, password: str, user: Any = None) -> None:
        names = _site_names() | _names_of(user)
        if _within_bounds(password) and any(
            _leans_on(text, names) for text in _spellings(password)
        ):
            raise ValidationError(
                gettext_lazy("Do not use your email address or the name of this site."),
                code="context",
            )

    def get_help_text(self) -> str:
        return _("Not your email address, your name or the name of this site.")


class CommonValidator:
    """Not one that is widely used, nor made of three pieces or fewer that are."""

    def validate(self, password: str, user: Any = None) -> None:
        if _within_bounds(password) and _is_widely_used(password):
            raise ValidationError(
                gettext_lazy(
                    "This password is too easy to guess because it is widely used."
                    " Try a few unrelated words."
                ),
                code="common",
            )

    def get_help_text(self) -> str:
        return _("Not a password that is widely used.")


class BreachedValidator:
    """Not one that is in the operator's set of breached passwords (`auth_breached load`)."""

    def validate(self, password: str, user: Any = None) -> None:
        # One sentence is enough: what is widely used is known from breaches too.
        if (
            _within_bounds(password)
            and breached.is_breached(password)
            and not _is_widely_used(password)
        ):
            raise breached_error()

    def get_help_text(self) -> str:
        return _("Not a password that is known from a data breach.")


def breached_error() -> ValidationError:
    return ValidationError(
        gettext_lazy(
            "This password is known from a data breach elsewhere. Choose a different one."
        ),
        code="breached",
    )


def strangers_know_it_as(password: str) -> str:
    """What speaks against a right password at sign-in: "breached", "common", or nothing.

    The breached set and the lists alone. Length, names and easy pieces bind whoever chooses one; a
    password that was good when it was chosen does not shut its owner out when the policy grows.
    """
    if breached.is_breached(password):
        return "breached"
    spellings = {fold(password), *_spellings(password)}
    return "common" if any(map(blocklist.is_common, spellings)) else ""


def _bounds() -> tuple[int, int]:
    return settings.POLICY_PASSWORD_MIN, settings.POLICY_PASSWORD_MAX


def _within_bounds(password: str) -> bool:
    """Outside of them LengthValidator has spoken, and 70,000 characters are not worth a search."""
    least, most = _bounds()
    return least <= len(password) <= most


def _spellings(password: str) -> set[str]:
    folded = fold(password)
    plain = {letters_and_digits(text) for text in (folded, *unmasked(folded))}
    return plain | {"".join(folded.split())}  # one sign over and over has no letters at all


def _is_widely_used(password: str) -> bool:
    return blocklist.is_common(fold(password)) or any(
        blocklist.is_common(text) or pieces.is_easy(text, blocklist.is_word)
        for text in _spellings(password)
    )


def _leans_on(text: str, names: set[str]) -> bool:
    rest = text
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, "")
    if rest == text:
        return False
    return len(rest) < SHORTEST_REST or pieces.is_easy(text, blocklist.is_word, named=names)


def _site_names() -> set[str]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    return _long_enough(settings.SITE_NAME, *_words(settings.SITE_NAME), host, *_words(host))


def _names_of(user: Any) -> set[str]:
    """`sam.smith@example.org` gives the address whole, `samsmith`, `smith` and `example`."""
    email, username, name = (
        str(getattr(user, field, "") or "") for field in ("email", "username", "name")
    )
    local, _at, domain = email.rpartition("@")
    parts = [part for whole in (local, domain, username, name) for part in _words(whole)]
    return _long_enough(email, local, domain, username, name, *parts)


def _words(text: str) -> list[str]:
    return re.split(r"[\W_]+", text)


def _long_enough(*texts: str) -> set[str]:
    found = {letters_and_digits(fold(text)) for text in texts}
    return {name for name in found if len(name) >= SHORTEST_NAME}
