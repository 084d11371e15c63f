"""That personal things were read stands in the trail too: once a minute for each reader and thing, so
that turning pages does not flood it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from audit import keys, trail
from audit.events import Event
from audit.facts import cleaned
from audit.models import Entry
from audit.searched import digest
from audit.trail import Named

# What is recorded here, and is no deed.
READS = (Event.TRAIL_READ, Event.STAFF_PERSON_READ, Event.STAFF_PEOPLE_READ)
OFTEN = timedelta(minutes=1)
LOOKED_AT = 30  # of what the reader did last: more than that in a minute is told again


def of_trail(
    reader: Named, request: HttpRequest, *, subject: str, facts: Mapping[str, Any]
) -> None:
    """Of entries: `subject` is whom they are about, if that was asked for. A name under which nothing
    was ever recorded was made up, and gets no key here. One SELECT more."""
    known = subject if subject and subject in keys.stored([subject]) else ""
    _read(Event.TRAIL_READ, reader, request, known, facts)


def of_person(reader: Named, request: HttpRequest, subject: str) -> None:
    """Of all that a person's page shows."""
    _read(Event.STAFF_PERSON_READ, reader, request, subject, {})


def of_people(reader: Named, request: HttpRequest, asked: list[str], *, searched: str = "") -> None:
    """Of a list of people. Another search is another reading: by `searched`, what was typed, a list of
    names could be tried one by one."""
    facts = {"asked": asked, "searched": digest(searched) or None}
    _read(Event.STAFF_PEOPLE_READ, reader, request, "", facts)


def _read(
    event: Event, reader: Named, request: HttpRequest, subject: str, facts: Mapping[str, Any]
) -> None:
    """Record it unless the reader just did the same. One SELECT, and what `trail.record` takes. To be
    called before anything is shown."""
    wanted = (event.value, subject, cleaned(event.allowed, dict(facts)))
    lately = Entry.objects.filter(actor_id=reader.subject_id).order_by("-id")[:LOOKED_AT]
    since = timezone.now() - OFTEN
    for said in lately.values_list("event", "subject_id", "facts", "at"):
        if said[:3] == wanted and said[3] > since:
            return
    trail.record(event, actor=reader, subject=subject or None, request=request, **facts)
