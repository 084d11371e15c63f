"""Counts of the limits as they stand after many tries."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.lockout import meters
from accounts.models import Tally


def tally(budget: str, subject: str, count: int, **ago: int) -> Tally:
    meter = meters.meter(budget, subject, 1)
    since = timezone.now() - timedelta(**ago)
    return Tally.objects.create(budget=budget, subject=meter.subject, count=count, started_at=since)
