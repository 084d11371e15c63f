"""Passkeys and security keys (WebAuthn), several a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django_otp_webauthn.models import AbstractWebAuthnCredential
from webauthn.helpers import bytes_to_base64url

NAME_LENGTH = 64
MOST = 10  # one person's


class Passkey(AbstractWebAuthnCredential):
    """The library's record of a credential, and where it was used last. Nothing in it is secret: a
    public key, and an identifier that its authenticator chose. One that is not `confirmed` was
    stopped (mfa/flows/passkey_proofs.py) and proves nothing any more."""

    # The counter has 32 bits (WebAuthn 6.1), one more than the library's column bears.
    sign_count = models.PositiveBigIntegerField(default=0, editable=False)
    last_used_on = models.CharField(max_length=120, blank=True, editable=False)

    @property
    def is_synced(self) -> bool:
        """Whether its owner's password manager has it on other devices too."""
        return self.backup_state

    @property
    def written_id(self) -> str:
        """The identifier as scripts write it."""
        return bytes_to_base64url(bytes(self.credential_id))


class PasskeyOffer(models.Model):
    """How often somebody was offered a passkey (P12), and whether they want to hear of it again."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="passkey_offer",
    )
    times = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    is_declined = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.times} offers of a passkey to {self.user_id}"
