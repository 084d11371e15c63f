"""Counts of what costs or annoys, kept in the database so that they hold across workers."""

from __future__ import annotations

from django.db import models


class Tally(models.Model):
    """How often `budget` was spent for one subject (a keyed digest) since `started_at`."""

    budget = models.CharField(max_length=40)
    subject = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["budget", "subject"], name="one_tally_per_subject")
        ]
        # What the whole site spends of a budget, lately (accounts/botcheck/pressure.py).
        indexes = [
            models.Index(fields=["budget", "started_at"], name="tally_budget_lately"),
            # Which are full (accounts/lockout/full.py), however many are counted.
            models.Index(fields=["budget", "count", "id"], name="tally_fullest"),
        ]

    def __str__(self) -> str:
        return f"{self.budget}: {self.count}"
