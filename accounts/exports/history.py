"""The trail of a person as they get it with the copy of their data: all of it that is about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import panels, places
from accounts.activity import answers, words
from accounts.activity.told import Told, is_by_staff
from accounts.models import User
from accounts.personal_data import Row, Section
from audit import trail
from audit.trail import Line

# Entries that are opened at once.
BATCH = 500


def _activity(user: User) -> Iterator[Row]:
    """Newest first, and as far back as the trail goes; what their page deliberately does not show says
    nothing of them."""
    told = panels.sentences()
    for lines in trail.every_entry_of(user.subject_id, chunk=BATCH):
        said = answers.of(user, [line.id for line in lines])
        for line in lines:
            if line.ours and (meant := told.get(line.event)):
                yield _row(line, meant, said.get(line.id))


def _row(line: Line, told: Told, was_me: bool | None) -> Row:
    """SECURITY: of what staff did, neither who nor from where: the device and the network are those of
    their desk."""
    staff = is_by_staff(line)
    address = "" if staff else line.address or line.network
    return {
        "id": line.id,
        "at": line.at,
        "what": str(told.say(line)),
        "event": line.event,
        "by_staff": staff,
        "reason": str(line.facts.get("reason", "")) if told.gives_reason else "",
        "details": {} if staff else _details(line.facts),
        "typed_or_shown": "" if staff else line.label,
        "device": "" if staff else line.device,
        "address": address,
        "place": places.place_of(address.partition("/")[0]),
        "you_said_it_was_you": was_me,
        "reference": line.request_id,
    }


def _details(facts: dict[str, Any]) -> dict[str, Any]:
    """Without the keyed digest of a name that nobody has: it is of no use to anybody else."""
    return {name: value for name, value in facts.items() if name != "identifier"}


def _told(details: dict[str, Any]) -> str:
    """What the sentence leaves to say."""
    return ", ".join(
        f"{label}: {value}" for label, value in words.facts(details, gives_reason=False)
    )


def _only_in_the_file(_value: object) -> str:
    return ""


ACTIVITY = Section(
    "activity",
    _("Activity"),
    {
        "at": _("When"),
        "what": _("What happened"),
        "by_staff": _("By staff"),
        "reason": _("Reason given"),
        "typed_or_shown": _("About"),
        "device": _("Device"),
        "address": _("Network address"),
        "place": _("Place (approximate)"),
        "you_said_it_was_you": _("You said that it was you"),
        "reference": _("Reference"),
        "event": _("Name in the log"),
        "details": _("Details"),
        "id": _("Number"),
    },
    _activity,
    said={
        "by_staff": lambda yes: _("Yes") if yes else "",
        "details": _told,
        "event": _only_in_the_file,
        "id": _only_in_the_file,
    },
    tables=("audit.Entry", "accounts.ActivityAnswer"),
)
