"""That personal things were read stands in the trail too: once a minute for each reader and thing, so
that turning pages does not flood it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from audit import keys, trail
from audit.events import Event
from audit.facts import cleaned
from audit.models import Entry
from audit.trail import Named

OFTEN = timedelta(minutes=1)
LOOKED_AT = 30  # of what the reader did last: more than that in a minute is told again


def read(
    event: Event,
    *,
    reader: Named,
    request: HttpRequest,
    subject: Named | str | None = None,
    **facts: Any,
) -> None:
    """Record that `reader` read what `event` and `facts` say, unless they just did. Two SELECTs, and
    what `trail.record` takes. To be called before anything is shown."""
    name = subject if isinstance(subject, str) else subject.subject_id if subject else ""
    wanted = (event.value, name, cleaned(event.allowed, facts))
    lately = Entry.objects.filter(actor_id=reader.subject_id).order_by("-id")[:LOOKED_AT]
    since = timezone.now() - OFTEN
    for said in lately.values_list("event", "subject_id", "facts", "at"):
        if said[:3] == wanted and said[3] > since:
            return
    # A name under which nothing was ever recorded was made up: it gets no key here.
    known = subject if name and name in keys.stored([name]) else None
    trail.record(event, actor=reader, subject=known, request=request, **facts)
