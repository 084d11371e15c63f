"""Taking away everything by which somebody can prove a second step."""

from __future__ import annotations

from accounts.models import User
from mfa.devices.guesses import NOTHING_FAILED
from mfa.models import (
    AuthenticatorApp,
    MailedCode,
    Passkey,
    RecoveryCodes,
    TextedCode,
    TrustedBrowser,
)

KINDS = (AuthenticatorApp, Passkey, TextedCode, MailedCode, RecoveryCodes, TrustedBrowser)


def count(user: User) -> dict[str, int]:
    """How many of each kind there are, by the model's name; those without any left out."""
    found = {kind.__name__: kind._default_manager.filter(user=user).count() for kind in KINDS}
    return {name: number for name, number in found.items() if number}


def remove_all(user: User) -> None:
    """Inside the transaction of the act, which locks the person and moves their credentials on."""
    for kind in KINDS:
        kind._default_manager.filter(user=user).delete()


def forget_failures(user: User) -> None:
    """Staff or an operator opened the account for further tries (ON_UNLOCKED): with them each of its
    factors."""
    for kind in (AuthenticatorApp, TextedCode, MailedCode, RecoveryCodes):
        kind._default_manager.filter(user=user).update(**NOTHING_FAILED)
