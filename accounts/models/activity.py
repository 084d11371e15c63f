"""What people said about entries of their own trail, which itself is never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class ActivityAnswer(models.Model):
    """ "This was me" or "This was not me", one answer for each entry (`audit.Entry.id`; no foreign key:
    the trail knows nobody). "Not me" stands: whoever says "me" afterwards changes nothing."""

    entry = models.BigIntegerField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="activity_answers"
    )
    was_me = models.BooleanField()
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.entry} was {'me' if self.was_me else 'not me'}"
