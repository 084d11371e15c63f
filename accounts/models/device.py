"""Browsers in which somebody has signed in completely: the owner's, as far as anybody can tell."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class KnownDevice(models.Model):
    """One browser that is known for one person. The browser holds one random value for all who sign
    in with it (`__Host-device`); `key` is its SHA-256, so that whoever reads the table cannot be it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_devices"
    )
    key = models.CharField(max_length=64)
    # What it calls itself, to be listed by; cut by rule.
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)
    # Set for a browser that was let in by an unlock letter alone, and for one that was set aside.
    expires_at = models.DateTimeField(null=True)
    # When a rule made it a stranger. A hold lets it in still (docs/undo.md): the rule may have been set
    # off by whoever made the change.
    set_aside_at = models.DateTimeField(null=True)
    # Wrong guesses in a row; at POLICY_DEVICE_FAILURES the device is a stranger again.
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            # By the key first: a sign-in looks for all who are known in its browser.
            models.UniqueConstraint(fields=["key", "user"], name="one_row_per_device_and_person")
        ]
        indexes = [models.Index(fields=["last_used_at"], name="device_last_used")]

    def __str__(self) -> str:
        return f"device of {self.user_id} since {self.created_at:%Y-%m-%d}"
