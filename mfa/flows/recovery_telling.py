"""What the worker does for requests that wait: letters once a day, and an end to what ran out."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.events import Event
from mfa.flows import recovery
from mfa.models import RecoveryRequest
from mfa.recovery import letters

WAITING, EXPIRED = RecoveryRequest.State.WAITING, RecoveryRequest.State.EXPIRED
# Letters are composed one by one; other letters must not wait for more.
AT_ONCE = 20
# Longer than stops count, and than anybody asks what became of it.
KEPT = timedelta(days=400)


def tell(batch: int) -> int:
    """E16 to whom it was not sent today (UTC). Returns how many people were told; `batch` if there may
    be more, so that it is called again at once."""
    now = timezone.now()
    due = RecoveryRequest.objects.filter(
        Q(last_told_on=None) | Q(last_told_on__lt=now.date()),
        state=WAITING,
        ends_at__gt=now,
        user__is_active=True,
        user__credentials_version=F("credentials_version"),
    )
    rows = list(due.select_related("user").order_by("pk")[: min(batch, AT_ONCE)])
    told = sum(map(_tell, rows))
    return batch if len(rows) == AT_ONCE else told


def _tell(row: RecoveryRequest) -> bool:
    """False if another worker did it, or the request was stopped in this moment."""
    user = row.user
    if user is None:
        return False
    key = recovery.new_key()
    mail = letters.waits(user, ready_at=row.ready_at, ends_at=row.ends_at, key=key, happened=None)
    with transaction.atomic():
        mine = RecoveryRequest.objects.filter(
            pk=row.pk, state=WAITING, last_told_on=row.last_told_on, ready_at=row.ready_at
        )
        if not mine.update(last_told_on=timezone.now().date()):
            return False
        recovery.keep_key(row, key)
        for letter in mail:
            letter.put()
    return True


def expire(batch: int) -> int:
    """End what was not used in time; returns how many."""
    over = RecoveryRequest.objects.filter(state=WAITING, ends_at__lte=timezone.now())
    return sum(map(_expire, over.select_related("user")[: min(batch, AT_ONCE)]))


def _expire(row: RecoveryRequest) -> bool:
    with transaction.atomic():
        # The person first, as everywhere.
        User.objects.filter(pk=row.user_id or 0).update(recovery_ready_at=None)
        mine = RecoveryRequest.objects.filter(pk=row.pk, state=WAITING, ends_at=row.ends_at)
        if not mine.update(state=EXPIRED, closed_at=timezone.now()):
            # Somebody else ended it. What began in its place stands on the person again.
            transaction.set_rollback(True)
            return False
        trail.record(Event.RECOVERY_EXPIRED, subject=row.user, reason="unused")
    return True


def purge(batch: int) -> int:
    """Forget what began nothing after a day, and what is over after a year."""
    now = timezone.now()
    old = RecoveryRequest.objects.filter(
        Q(state=RecoveryRequest.State.VOID, requested_at__lt=now - timedelta(days=1))
        | Q(closed_at__lt=now - KEPT)
    )
    keys = list(old.values_list("pk", flat=True)[:batch])
    if keys:
        old.filter(pk__in=keys).delete()
    return len(keys)
