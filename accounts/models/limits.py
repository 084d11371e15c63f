"""When somebody set a limit for themselves, and what they have asked to be loosened."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class OwnLimits(models.Model):
    """One row a person who ever set one. The limits themselves stand on the person, whom every page
    loads anyway; here is what is needed to change them.

    `set_at`: by limit, since when it is as tight as it is (ISO 8601). `wanted`: the values that take
    effect at `ready_at`, by limit; empty while nothing waits."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="own_limits",
    )
    set_at = models.JSONField(default=dict)
    wanted = models.JSONField(default=dict)
    ready_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"limits of {self.user_id}"
