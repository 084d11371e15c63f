"""What staff and operators did to one person, as other staff may read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import staff_hands, staff_words
from accounts.activity import words
from accounts.models import User
from accounts.staff_hands import Hand
from audit import believed, trail
from audit.events import Event
from audit.trail import Line

SHOWN: dict[str, str | Promise] = {
    Event.STAFF_USER_CHANGED.value: _("Changed"),
    Event.ACTIVATED.value: _("Switched on"),
    Event.DEACTIVATED.value: _("Switched off"),
    Event.STAFF_HOLD_LIFTED.value: _("Opened, where a change was stopped"),
    Event.STAFF_LIMITS_LIFTED.value: _("Limits lifted that they had set"),
    Event.STAFF_DELETION_CANCELLED.value: _("Deletion cancelled"),
    Event.STAFF_RESET_LETTER_SENT.value: _("Letter sent to choose a new password"),
    Event.STAFF_PASSWORD_DEMANDED.value: _("New password demanded"),
    Event.UNLOCKED_BY_STAFF.value: _("Opened for further tries"),
    Event.STAFF_APPROVAL_ASKED.value: _("Asked for, until a second one of staff says yes"),
    Event.STAFF_APPROVAL_GIVEN.value: _("Said yes to, as the second one of staff"),
    Event.STAFF_APPROVAL_REFUSED.value: _("Said no to, or taken back"),
    Event.STAFF_RECOVERY_SHORTENED.value: _("Wait for a new second step ended"),
    Event.STAFF_RECOVERY_REOPENED.value: _("Requests for a new second step opened again"),
    Event.STAFF_SECOND_STEP_REMOVED.value: _("Second steps removed"),
    Event.STAFF_METHOD_REMOVED.value: _("One second step removed"),
    Event.STAFF_SIGNED_OUT.value: _("Signed out everywhere"),
    Event.STAFF_CONFIRMATION_RESENT.value: _("Email that confirms an address sent again"),
    Event.STAFF_GRANT_ENDED.value: _("No longer staff: the last day was over"),
    Event.STAFF_SUPERUSER_CREATED.value: _("Made an administrator from the command line"),
}


@dataclass(frozen=True)
class Deed:
    """`hands` are those who did it. `moved`: which roles and permissions came and went, in
    sentences."""

    at: datetime
    what: str | Promise
    hands: Sequence[Hand]
    reason: str
    fields: str
    moved: Sequence[str]


class History(NamedTuple):
    """`left_out`: how many entries this site did not write."""

    deeds: list[Deed]
    left_out: int


def of(person: User, *, limit: int = 50) -> History:
    """The trail's entries of these kinds, newest first. Addresses and devices stay in the trail. Three
    SELECTs, however many kinds and entries there are, where all of them are ours."""
    events = [event for event in Event if event.value in SHOWN]

    def page(before: int | None) -> list[Line]:
        return trail.page_of(person.subject_id, events=events, before=before, limit=limit)

    lines, left_out = believed.newest(page, limit)
    people = staff_words.people(set[str]().union(*map(staff_hands.subjects, lines)))
    deeds = [
        Deed(
            at=line.at,
            what=SHOWN[line.event],
            hands=staff_hands.of(line, people),
            reason=line.facts.get("reason", ""),
            fields=words.fields(line.facts),
            moved=words.rights_moved(line.facts),
        )
        for line in lines
    ]
    return History(deeds, left_out)
