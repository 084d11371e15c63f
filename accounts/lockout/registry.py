"""Which url takes a secret, or costs or annoys somebody, and which limits cover it.

A url that takes a POST and stands neither here nor among those that take no secret fails the test
that walks them all. A higher room names its own urls in its `apps.py`: `registry.cover(...)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.lockout import budgets, limits
from accounts.lockout.budgets import Budget

# What a guess at a password spends, by all its roads together.
PASSWORD = (
    limits.STRANGERS,
    limits.KNOWN_DEVICES,
    limits.ACCOUNT_ON_NETWORK,
    limits.NETWORK,
    limits.SITE,
)


@dataclass(frozen=True)
class Covered:
    """What one url takes, and the names of the limits that each try at it spends."""

    url: str
    takes: str
    limits: tuple[str, ...]


_covered: dict[tuple[str, str], Covered] = {}


def cover(url: str, takes: str, *by: Budget | str) -> None:
    """Say that what the url of this name `takes` is limited by these."""
    names = tuple(limit.name if isinstance(limit, Budget) else limit for limit in by)
    if not names:
        raise ValueError(f"{url}: {takes} is covered by nothing")
    _covered[url, takes] = Covered(url, takes, names)


def covered() -> list[Covered]:
    """All that was registered, in that order."""
    return list(_covered.values())


cover("account_login", "password", *PASSWORD)
cover("account_confirm_login_code", "code", *PASSWORD)
cover(
    "account_request_login_code",
    "letter",
    budgets.SIGN_IN_CODES,
    budgets.SIGN_IN_CODE_LETTERS,
    budgets.UNKNOWN_LETTERS,
)
cover("account_reauthenticate", "password", *PASSWORD)
cover("account_change_password", "password", *PASSWORD)
cover("account_password_required", "new password", budgets.REQUIRED_PASSWORDS)
cover("account_email_verification_sent", "code of a sign-up", budgets.CODES)
cover("account_email_verification_sent", "code of an address", budgets.CODES)
cover("account_email_verification_sent", "letter of a sign-up", budgets.SIGNUP_LETTERS)
cover("account_confirm_link", "password of a sign-up", budgets.CODES)
cover("account_confirm_email", "key", budgets.LINKS)
cover("account_unlock", "letter", budgets.UNLOCKS, budgets.UNLOCK_LETTERS)
cover("account_unlock_code", "code", budgets.UNLOCK_CODES)
cover("account_unlock_key", "key", budgets.LINKS)
cover(
    "account_reset_password",
    "letter",
    budgets.RESETS,
    budgets.RESET_LETTERS,
    budgets.UNKNOWN_LETTERS,
)
cover("account_reset_by_text", "text", budgets.RESETS, budgets.NETWORK_TEXTS)
cover("account_reset_text_code", "code", *PASSWORD)
cover("account_reset_password_from_key", "key", budgets.LINKS)
cover("account_undo_key", "key", budgets.LINKS)
cover("account_undo", "proof from before a change", budgets.UNDO_PROOFS)
cover("account_phone_change", "text", budgets.TEXTS, budgets.TEXT_ASKS)
cover("account_phone_verify", "code", *PASSWORD)
cover("account_phone_required", "text", budgets.TEXTS, budgets.TEXT_ASKS)
cover("account_phone_required", "code", *PASSWORD)
cover("account_signup", "letter", budgets.SIGNUPS, budgets.SIGNUP_LETTERS)
cover("account_email", "letter", budgets.ADDRESS_LETTERS)
cover("letter_check", "reference", budgets.LETTER_CHECKS)
cover("account_username", "username", budgets.USERNAMES)
cover("account_data_export", "copy", budgets.EXPORTS)
cover("account_data_download", "download", budgets.DOWNLOADS)
