"""That personal things were read stands in the trail too: once a minute for each reader and thing, so
that turning pages does not flood it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Case, When
from django.http import HttpRequest
from django.utils import timezone

from audit import keys, strange, trail
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
    """Record it unless the reader just did the same. One SELECT, three where something like it is
    found, and what `trail.record` takes. To be called before anything is shown.

    SECURITY: only what this site wrote, at a time that has come, says that they did. Which of what they
    did last are alike the database says: what does not read among them keeps no page from anybody."""
    now = timezone.now()
    alike = When(event=event.value, subject_id=subject, at__gt=now - OFTEN, at__lte=now, then="id")
    lately = Entry.objects.filter(actor_id=reader.subject_id).order_by("-id")
    numbers = lately.values_list(Case(alike), flat=True)[:LOOKED_AT]
    found = [number for number in numbers if number is not None]
    same = Entry.objects.filter(id__in=found)  # asks nothing where there are none
    wanted = cleaned(event.allowed, dict(facts))
    if all(one.facts != wanted for one in strange.ours(same, also_unknown=False)):
        trail.record(event, actor=reader, subject=subject or None, request=request, **facts)
