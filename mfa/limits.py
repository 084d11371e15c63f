"""Which limits cover the urls of this room (accounts/lockout/registry.py)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.lockout import budgets, known, limits, registry

FACTOR = (limits.ACCOUNT_ON_NETWORK, limits.NETWORK, limits.SITE)


def register() -> None:
    from mfa.flows import passkey_proofs

    known.add(
        known.of_network(passkey_proofs.TRIES, _("Passkeys from one network")),
        known.of_network(passkey_proofs.QUESTIONS, _("Sign-ins by passkey that one network began")),
    )
    registry.cover("mfa_recovery", "password", *registry.PASSWORD)
    registry.cover("mfa_recovery", "letter", budgets.RECOVERIES)
    registry.cover("mfa_recovery_code", "code", *registry.PASSWORD)
    registry.cover("mfa_recovery_stop_key", "key", budgets.LINKS)
    registry.cover("mfa_passkey_sign_in", "passkey", passkey_proofs.TRIES)
    registry.cover("mfa_passkey_sign_in_begin", "question", passkey_proofs.QUESTIONS)
    # Limited on the factor's own row (mfa/devices/guesses.py); what is wrong counts besides for the
    # account on its network, for the network and for the site.
    registry.cover("mfa_authenticate", "second step", *FACTOR)
    registry.cover("mfa_reauthenticate", "second step", *FACTOR)
    registry.cover("mfa_texted_on", "text", budgets.TEXTS, budgets.TEXT_ASKS)
    registry.cover("mfa_texted_on", "code", *registry.PASSWORD)
    registry.cover("mfa_mailed_on", "code", *registry.PASSWORD)
