"""Letters that let one browser past the limits of strangers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class UnlockLetter(models.Model):
    """The one row behind the code and the link of an unlock letter. Written for names that nobody
    has too, without a person: such a row opens nothing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    code_digest = models.CharField(max_length=64)
    key_digest = models.CharField(max_length=64, unique=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    # Under which the letter was sent: a password changed since leaves nothing to be unlocked.
    credentials_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    spent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"unlock letter {self.pk}"
