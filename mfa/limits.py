"""Which limits cover the urls of this room (accounts/lockout/registry.py)."""

from __future__ import annotations

from accounts.lockout import budgets, registry


def register() -> None:
    from mfa.flows import passkey_proofs

    registry.cover("mfa_recovery", "password", *registry.PASSWORD)
    registry.cover("mfa_recovery", "letter", budgets.RECOVERIES)
    registry.cover("mfa_recovery_code", "code", *registry.PASSWORD)
    registry.cover("mfa_recovery_stop_key", "key", budgets.LINKS)
    registry.cover("mfa_passkey_sign_in", "passkey", passkey_proofs.TRIES)
    registry.cover("mfa_passkey_sign_in_begin", "question", passkey_proofs.QUESTIONS)
