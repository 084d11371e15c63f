"""Browsers that are not asked for the second step for a while."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class TrustedBrowser(models.Model):
    """`key` is the digest of a value of its own, apart from the one a known device is known by: that
    one proves nothing about a person, this one stands for a second step until `expires_at`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="trusted_browsers",
        db_index=False,  # the one below begins with it
    )
    key = models.CharField(max_length=64, unique=True)
    # Number of the KnownDevice it was last signed in on: a session's row has the same (accounts).
    device = models.BigIntegerField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-last_used_at", "-id"], name="trusted_of_user_last_used")
        ]

    def __str__(self) -> str:
        return f"trusted by {self.user_id} until {self.expires_at:%Y-%m-%d}"
