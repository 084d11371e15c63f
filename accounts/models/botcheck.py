"""What the bot check keeps: proofs that were used, and passwords that wait for one."""

from __future__ import annotations

from django.db import models


class SpentProof(models.Model):
    """A solved challenge or a ticket that was let through, by its digest: no second time."""

    digest = models.CharField(max_length=64, primary_key=True)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"spent proof {self.digest[:8]}"


class HeldSecrets(models.Model):
    """Sealed fields of one form whose page asks for a proof; the page has the token of the digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    sealed = models.TextField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"held secrets {self.digest[:8]}"
