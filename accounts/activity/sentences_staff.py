"""What staff and operators did, as the person is told it (accounts/activity/sentences.py)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.activity import words
from accounts.activity.told import Kind, Sentences, Told, Words, plainly
from audit.events import Event
from audit.trail import Line

CHANGE, OTHER = Kind.CHANGE, Kind.OTHER


def _by_staff(line: Line) -> str:
    fields = words.fields(line.facts)
    said = _("Staff changed the account: %(fields)s") % {"fields": fields}
    return _with_rights(said if fields else _("Staff changed the account"), line)


def _ended(line: Line) -> str:
    return _with_rights(_("The time as staff was over"), line)


def _with_rights(said: str, line: Line) -> str:
    """Sentences stand without their last dot here."""
    return " ".join([f"{said}.", *words.rights_moved(line.facts)]).removesuffix(".")


def deed(said: Words, icon: str = "shield") -> Told:
    """Something that staff did, with the reason they gave."""
    return Told(CHANGE, icon, plainly(said), gives_reason=True)


STAFF: Sentences = {
    Event.STAFF_RESET_LETTER_SENT: deed(
        gettext_lazy("Staff sent an email to choose a new password"), "mail"
    ),
    Event.STAFF_PASSWORD_DEMANDED: deed(gettext_lazy("Staff demanded a new password"), "lock"),
    Event.STAFF_USER_CHANGED: Told(CHANGE, "shield", _by_staff, gives_reason=True),
    Event.STAFF_SUPERUSER_CREATED: Told(
        CHANGE, "good", plainly(gettext_lazy("An operator created the account"))
    ),
    Event.COMMAND_RUN: Told(
        OTHER, "shield", plainly(gettext_lazy("An operator looked at the account"))
    ),
    Event.UNLOCKED_BY_STAFF: deed(gettext_lazy("Staff opened the account for further tries")),
    Event.STAFF_HOLD_LIFTED: deed(
        gettext_lazy("Staff opened the account, where a change had been stopped")
    ),
    Event.STAFF_LIMITS_LIFTED: deed(gettext_lazy("Staff lifted the limits of the account")),
    Event.STAFF_DELETION_CANCELLED: deed(
        gettext_lazy("Staff cancelled the deletion of the account"), "good"
    ),
    Event.STAFF_SIGNED_OUT: deed(gettext_lazy("Staff signed out all devices"), "out"),
    Event.STAFF_CONFIRMATION_RESENT: deed(
        gettext_lazy("Staff sent the email again that confirms an address"), "mail"
    ),
    Event.STAFF_GRANT_ENDED: Told(CHANGE, "clock", _ended),
    # Nothing came of it yet: what does has a line, and a letter.
    Event.STAFF_APPROVAL_ASKED: None,
    Event.STAFF_APPROVAL_GIVEN: None,
    Event.STAFF_APPROVAL_REFUSED: None,
}
