"""What staff and operators do is called on the desk."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.events import Event

ACTS: dict[str, Promise] = {
    Event.SIGN_IN_EXPLAINED: _("Asked why somebody cannot sign in"),
    Event.UNLOCKED_BY_STAFF: _("Unlocked an account"),
    Event.STAFF_HOLD_LIFTED: _("Opened a held account"),
    Event.STAFF_LIMITS_LIFTED: _("Lifted somebody's own limits"),
    Event.STAFF_RESET_LETTER_SENT: _("Sent a reset letter"),
    Event.STAFF_PASSWORD_DEMANDED: _("Demanded a new password"),
    Event.STAFF_APPROVAL_ASKED: _("Asked for a second approver"),
    Event.STAFF_APPROVAL_GIVEN: _("Approved what another asked for"),
    Event.STAFF_APPROVAL_REFUSED: _("Refused what another asked for"),
    Event.STAFF_RECOVERY_SHORTENED: _("Shortened a recovery"),
    Event.STAFF_RECOVERY_REOPENED: _("Let somebody ask for recovery again"),
    Event.STAFF_SECOND_STEP_REMOVED: _("Removed all second steps"),
    Event.STAFF_DELETION_CANCELLED: _("Cancelled a deletion"),
    Event.STAFF_USER_CHANGED: _("Changed a person"),
    Event.STAFF_GROUP_CHANGED: _("Changed a group"),
    Event.STAFF_SUPERUSER_CREATED: _("Made an administrator"),
    Event.STAFF_NUMBERS_EXPORTED: _("Took numbers of the dashboard away"),
    Event.KEYS_ROTATED: _("Moved sealed values to a new key"),
    Event.COMMAND_RUN: _("Showed an account by command"),
    Event.TRAIL_VERIFIED: _("Checked the whole trail"),
    Event.TRAIL_PRUNED: _("Took away old entries of the trail"),
    Event.NETWORK_RULE_ADDED: _("Added a network rule"),
    Event.NETWORK_RULE_ENDED: _("Ended a network rule"),
}
