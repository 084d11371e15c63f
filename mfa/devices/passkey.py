"""Passkeys and security keys (WebAuthn), several a person."""

from __future__ import annotations

from django.db import models
from django_otp_webauthn.models import AbstractWebAuthnCredential

NAME_LENGTH = 64


class Passkey(AbstractWebAuthnCredential):
    """The library's record of a credential, and where it was used last. Nothing in it is secret: a
    public key, and an identifier that its authenticator chose."""

    last_used_on = models.CharField(max_length=120, blank=True, editable=False)

    @property
    def is_synced(self) -> bool:
        """Whether its owner's password manager has it on other devices too."""
        return self.backup_state
