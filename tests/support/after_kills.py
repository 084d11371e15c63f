"""What a kill test asks of a database when the last blow has fallen: run there by `Nursery.does`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management import call_command
from django.db.models import Sum
from django.utils import timezone

from accounts.outbox.delivery import waiting
from audit.chain import linking, verifying
from audit.events import Event
from audit.models import Entry, HourCount


def send_what_waits() -> None:
    waiting().update(due_at=timezone.now())
    call_command("auth_worker", "--once", "--quiet")


def chain() -> dict[str, Any]:
    """Whether the chain holds, and whether each entry was counted once: as it was left by whoever was
    killed, and when the rest has its place too."""
    left = verifying.verify()
    while linking.link():
        pass
    found = verifying.verify()
    counted = HourCount.objects.values_list("event").annotate(Sum("count"))
    return {
        "findings": [str(one) for one in (*left.findings, *found.findings)],
        "chained_before": left.verified,
        "verified": found.verified,
        "entries": Entry.objects.count(),
        "counted_once": dict(counted) == Counter(Entry.objects.values_list("event", flat=True)),
    }


def told_of(event: Event) -> list[str]:
    """The digests of the names that entries without a subject tell of."""
    rows = Entry.objects.filter(event=event.value, subject_id="")
    return [facts["identifier"] for facts in rows.values_list("facts", flat=True)]


def subjects_of(event: Event) -> Counter[str]:
    """How often it happened to each person."""
    return Counter(Entry.objects.filter(event=event.value).values_list("subject_id", flat=True))
