"""What was before a change to how an account is reached, for as long as it may be undone."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.utils import timezone


class AddressSince(models.Model):
    """Since when an address is confirmed for its person. Only one that was for POLICY_UNDO_DAYS gets
    the link that stops a change: whoever has just added an address of theirs cannot stop the owner."""

    address = models.OneToOneField(
        EmailAddress, on_delete=models.CASCADE, primary_key=True, related_name="since"
    )
    confirmed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.address_id} since {self.confirmed_at:%Y-%m-%d}"


class ChangeSet(models.Model):
    """One change, and all that was before it: `former` is sealed JSON by kind, wiped with the row when
    it can be undone no more. `key_digest` is of the link in the letters that told of it.

    Stopped by the link alone, once; undone with a proof that was valid before, once; or kept by its
    owner. `tries` counts such proofs by strangers and `known_tries` those on the owner's old devices,
    both on the oldest change that is open: no link may be a place to guess an old password at."""

    class Kind(models.TextChoices):
        ADDRESS = "address"
        PASSWORD = "password"  # noqa: S105 - a word for it
        FACTOR = "factor"
        PHONE = "phone"
        USERNAME = "username"
        LIMITS = "limits"
        DELETION = "deletion"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="change_sets"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key_digest = models.CharField(max_length=64, unique=True)
    former = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    stopped_at = models.DateTimeField(null=True)
    # Undone, kept by its owner, or undone along with an earlier one.
    closed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    known_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=(
                        *("address", "password", "factor", "phone", "username", "limits"),
                        "deletion",
                    )
                ),
                name="change_set_of_a_known_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} change of {self.user_id} on {self.created_at:%Y-%m-%d}"
