"""One row per session. The row *is* the session: there is no second store to fall out of step."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone


def new_public_id() -> str:
    return secrets.token_urlsafe(16)


class Session(models.Model):
    """`key` is the SHA-256 of the cookie and `data` is sealed to it, so that whoever reads the table
    can neither use a session nor see what it holds, nor move one session's data into another."""

    key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="sessions",
        db_index=False,  # the one below begins with it
    )
    # What pages call it by: `key` is never shown, and changes.
    public_id = models.CharField(max_length=22, default=new_public_id)
    # Number of the KnownDevice it was opened on. Devices come and go by themselves, so this may
    # lead nowhere; numbers are not given twice.
    device = models.BigIntegerField(null=True)
    data = models.TextField()
    client_ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    # How it was proved: [{"method": "password", "at": 1763900000}, …], oldest first.
    proved = models.JSONField(default=list)
    credentials_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    signed_in_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)
    # Until when `data` has what somebody typed into a form that was not sent (accounts/unsent.py), and
    # the number of who typed it: nobody is signed in there yet, and so `user` does not say.
    unsent_until = models.DateTimeField(null=True)
    unsent_of = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            # As its owner's list is read, newest first, from one row on.
            models.Index(
                fields=["user", "-signed_in_at", "-public_id"],
                condition=models.Q(user__isnull=False),
                name="session_of_user_newest_first",
            ),
            models.Index(
                fields=["unsent_until"],
                condition=models.Q(unsent_until__isnull=False),
                name="session_with_a_form_unsent",
            ),
        ]

    def __str__(self) -> str:
        return f"session of {self.user_id or 'a visitor'} since {self.created_at:%Y-%m-%d %H:%M}"
