"""What an event is called to staff: as the person is told, but where they are told nothing, or where
what they are told speaks to them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts import panels
from accounts.activity.told import Words
from accounts.models import User
from audit.events import Event
from audit.trail import Line

WORDS: dict[str, Words] = {
    Event.SIGN_IN_CODE_TRAPPED.value: _("A program asked for a code to sign in with"),
    Event.REAUTHENTICATED.value: _("Proved again who they are"),
    Event.REAUTHENTICATION_FAILED.value: _("Failed to prove again who they are"),
    Event.SIGN_IN_EXPLAINED.value: _("Looked up what keeps somebody from signing in"),
    Event.SIGNUP_STARTED.value: _("Asked for an account"),
    Event.SIGNUP_FAILED.value: _("A sign-up was refused, or not finished"),
    Event.PASSWORD_RESET_TRAPPED.value: _("A program asked for an email to reset the password"),
    Event.PASSWORD_HASH_UPGRADED.value: _("The hash of the password was made anew"),
    Event.ACTIVITY_DISOWNED.value: _("Said that something was not them"),
    Event.DELETED.value: _("The account was erased"),
    Event.CODE_SENT.value: _("A code was sent"),
    Event.MAIL_DEAD.value: _("An email could not be delivered"),
    Event.MAIL_RETRIED.value: _("An email or text is to be tried again"),
    Event.TEXT_DEAD.value: _("A text message could not be delivered"),
    Event.STAFF_APPROVAL_ASKED.value: _("Asked for something that takes two of staff"),
    Event.STAFF_APPROVAL_GIVEN.value: _("Said yes to what another of staff asked for"),
    Event.STAFF_APPROVAL_REFUSED.value: _("Said no to what another of staff asked for"),
    Event.STAFF_RECOVERY_REOPENED.value: _("Staff opened requests for a new second step again"),
    Event.STAFF_GROUP_CHANGED.value: _("A group was changed"),
    Event.STAFF_NUMBERS_EXPORTED.value: _("Took numbers of the dashboard away as a file"),
    Event.KEYS_ROTATED.value: _("Sealed values were moved to another key"),
    Event.TRAIL_VERIFIED.value: _("The trail was verified"),
    Event.TRAIL_PRUNED.value: _("Old entries of the trail were taken away"),
    Event.STAFF_NOTE_ADDED.value: _("Wrote a note"),
    Event.STAFF_PERSON_READ.value: _("Opened the page of a person"),
    Event.STAFF_PEOPLE_READ.value: _("Looked at a list of people"),
    Event.TRAIL_EXPORTED.value: _("Took entries of the trail away"),
    Event.TRAIL_READ.value: _("Read the trail"),
    Event.ALERT_OPENED.value: _("An alert was opened"),
    Event.ALERT_SEEN.value: _("Saw an alert"),
    Event.ALERT_MUTED.value: _("Muted an alert"),
    Event.ALERT_CLOSED.value: _("Closed an alert"),
    Event.LIMIT_CLEARED.value: _("A full limit was cleared"),
    Event.NETWORK_RULE_ADDED.value: _("A rule about a network was added"),
    Event.NETWORK_RULE_ENDED.value: _("A rule about a network was ended"),
}

# What is asked of the list of events.
PARTS: dict[str, Any] = {
    "event": _("Event"),
    "person": _("Person"),
    "about": _("About"),
    "role": _("Role"),
    "network": _("Network"),
    "address": _("Network address"),
    "request": _("Request"),
    "since": _("From"),
    "until": _("To"),
    "before": _("Page"),
}


def said(line: Line) -> Words:
    """The sentence; the event's own name where the vocabulary does not have it any more, and where
    nobody knows what happened."""
    if not line.ours:
        return line.event
    if line.event in WORDS:
        return WORDS[line.event]
    told = panels.sentences().get(line.event)
    return told.say(line) if told else line.event


def people(subjects: set[str]) -> dict[str, User]:
    """Who of them still has an account, by the name the trail has for them. One SELECT."""
    known = [subject for subject in subjects if is_a_subject(subject)]
    columns = ("id", "uuid", "username", "name", "email")
    found = User.objects.filter(uuid__in=known).only(*columns) if known else ()
    return {person.subject_id: person for person in found}


def called(person: User) -> str:
    """To those who may see people."""
    return f"{person.username} ({person.also_called})"


def is_a_subject(text: str) -> bool:
    """Whether it is written as people are named in the trail, and in no other way."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
