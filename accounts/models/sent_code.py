"""Codes that were sent to somebody and are typed back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class SentCode(models.Model):
    """One code, for one purpose and one browser. Written for names that nobody has too, without a
    person: such a row opens nothing.

    `binding` is the digest of a random value in the session of the browser that asked. Spent by
    compare-and-set on `spent_at`.
    """

    class Channel(models.TextChoices):
        EMAIL = "email"
        TEXT = "text"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, db_index=False
    )
    purpose = models.CharField(max_length=20)
    channel = models.CharField(max_length=5, choices=Channel.choices)
    code_digest = models.CharField(max_length=64)
    binding = models.CharField(max_length=64)
    # Under which it was sent: once the way into the account has changed, it opens nothing.
    credentials_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    spent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=("email", "text")), name="sent_code_by_a_known_channel"
            ),
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(binding="") & ~Q(code_digest=""),
                name="sent_code_is_bound",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="sent_code_ends_after_it_began"
            ),
        ]
        indexes = [
            # What is typed is looked for in its own browser, what must end at its person.
            models.Index(fields=["binding", "purpose"], name="sent_code_of_a_browser"),
            models.Index(fields=["user", "purpose"], name="sent_code_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} code {self.pk}"
