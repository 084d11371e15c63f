"""What proved once that somebody is there proves it no second time."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import SpentProof
from audit.sealing import token_digest


def spend(text: str, ends: datetime) -> bool:
    """Whether this is the first time. One INSERT: of all who bring it at once, its constraint lets
    one through. `ends`: from when on the text is of no use anyway, so that the row may go."""
    try:
        with transaction.atomic():
            SpentProof.objects.create(digest=token_digest(text), ends_at=ends)
    except IntegrityError:
        return False
    return True


def is_spent(text: str) -> bool:
    """Whether it proved something before. Decides nothing: `spend` does. One SELECT."""
    return SpentProof.objects.filter(digest=token_digest(text)).exists()


def purge(batch: int) -> int:
    """Housekeeping: forget what has ended by itself."""
    gone = SpentProof.objects.filter(ends_at__lt=timezone.now())
    keys = list(gone.values_list("pk", flat=True)[:batch])
    return gone.filter(pk__in=keys).delete()[0] if keys else 0
