"""What people said about entries of their trail: kept beside it, as long as they see them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import ActivityAnswer, User


def of(user: User, entries: Iterable[int]) -> dict[int, bool]:
    """By entry, whether the person said that it was them. One SELECT."""
    rows = ActivityAnswer.objects.filter(user=user, entry__in=list(entries))
    return dict(rows.values_list("entry", "was_me"))


def keep(user: User, entry: int, *, was_me: bool) -> None:
    """Remember it of an entry that is known to be the person's own. One INSERT.

    SECURITY: "not me" stands. Whoever else is in the account does not take it back."""
    row = ActivityAnswer(entry=entry, user=user, was_me=was_me)
    if was_me:
        ActivityAnswer.objects.bulk_create([row], ignore_conflicts=True)
        return
    ActivityAnswer.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["entry"], update_fields=["was_me", "at"]
    )


def purge(batch: int) -> int:
    """Forget a batch of those about entries that are not shown any more; returns how many went."""
    oldest = timezone.now() - timedelta(days=settings.POLICY_ACTIVITY_DAYS)
    rows = ActivityAnswer.objects.filter(at__lt=oldest)
    keys = list(rows.values_list("pk", flat=True)[:batch])
    return rows.filter(pk__in=keys)._raw_delete(rows.db) if keys else 0
