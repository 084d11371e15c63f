"""Usernames that somebody gave up, by change or with their account, and that nobody else takes for a
while: whoever knew them by it must not meet a stranger under that name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class FormerUsername(models.Model):
    """One name that was left, as a keyed digest. `user` is whose it was; nobody, once their account is
    gone. One person may leave the same name several times."""

    digest = models.CharField(max_length=64, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="former_usernames",
    )
    left_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"left at {self.left_at:%Y-%m-%d}"
