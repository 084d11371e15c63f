"""Sign-ups that still wait for their address to be proved, and the proofs that letters carry."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class PendingSignup(models.Model):
    """What one browser asked for. It becomes a User only when its address is proved.

    Several may wait for one address: the first confirmed wins and the others die with all they set
    (no pre-hijacking: nothing set before the proof outlives somebody else's proof). A row is made
    for taken addresses too, so that asking tells nothing.
    """

    email = models.EmailField(max_length=254, db_index=True)
    username = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=12)
    password = models.CharField(max_length=255)
    next_url = models.CharField(max_length=500, blank=True)
    # The terms that were agreed to, as `User.terms_agreed` has them.
    terms = models.CharField(max_length=110, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"sign-up {self.pk}"


class Confirmation(models.Model):
    """One letter's proof of one address: one row behind both its code and its link.

    For a sign-up, or for an address that a person adds. Spent by compare-and-set on `spent_at`.
    """

    signup = models.ForeignKey(
        PendingSignup, null=True, on_delete=models.CASCADE, related_name="confirmations"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    email = models.EmailField(max_length=254)
    code_digest = models.CharField(max_length=64)
    key_digest = models.CharField(max_length=64, unique=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    code_expires_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    spent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(signup__isnull=True) ^ Q(user__isnull=True),
                name="confirmation_has_one_owner",
            )
        ]

    def __str__(self) -> str:
        return f"confirmation {self.pk}"
