"""What staff searched people for, as the trail keeps it: never what was typed, but whether it was the
same."""

from __future__ import annotations

from audit import sealing
from audit.events import Event
from audit.models import Entry
from audit.sealed import KeyedDigests

SEARCHES = KeyedDigests(
    "searches for people in the trail",
    ("audit search",),
    "entries recorded so far are not found by what was searched for any more",
    lambda: Entry.objects.filter(event=Event.STAFF_PEOPLE_READ.value, facts__has_key="searched"),
)


def digest(typed: str) -> str:
    """The fact `searched`, '' for no search: the same for what finds the same, whatever its case and
    spaces."""
    words = " ".join(typed.casefold().split())
    return sealing.keyed_digest(words, purpose="audit search") if words else ""
