"""What each job of this room's housekeeping, and of the room below, does, in words
(accounts/panels.py)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

JOBS: dict[str, str | Promise] = {
    "accounts.housekeeping.purge_sessions": _("Forget sessions that have run out"),
    "accounts.unsent.purge": _("Forget forms that were not sent"),
    "accounts.housekeeping.purge_tallies": _("Forget counts that no limit looks at"),
    "accounts.housekeeping.purge_attempts": _("Forget failed sign-ins that no limit counts"),
    "accounts.housekeeping.forget_addresses": _("Forget network addresses of old months"),
    "accounts.activity.answers.purge": _("Forget answers about old activity"),
    "accounts.known_devices.devices.purge": _("Forget devices that nobody uses"),
    "accounts.flows.unlock.purge": _("Forget codes that let a browser in"),
    "accounts.flows.proofs.purge": _("Forget sign-ups and mailed links that have run out"),
    "accounts.flows.usernames.purge": _("Give former usernames free"),
    "accounts.flows.sent_codes.purge": _("Forget codes that were sent"),
    "accounts.flows.staff_ends.end_due": _("Take rights away whose last day is over"),
    "accounts.flows.staff_ends.tell_due": _("Tell staff that their time ends"),
    "accounts.undo.sets.purge": _("Forget what was before changes"),
    "accounts.flows.approvals.purge": _("Forget requests for a second approver that ran out"),
    "accounts.flows.limits.loosen_due": _("Loosen limits whose wait is over"),
    "accounts.botcheck.spent.purge": _("Forget puzzles that were solved"),
    "accounts.botcheck.held.purge": _("Forget forms that waited for a puzzle"),
    "accounts.outbox.delivery.purge": _("Forget messages that were sent long ago"),
    "accounts.outbox.references.purge": _("Forget references of old letters"),
    "accounts.texts.channel.purge": _("Give up texts whose code has run out"),
    "accounts.flows.erasing.erase_due": _("Erase accounts whose day has come"),
    "accounts.exports.building.purge": _("Forget copies that have run out"),
    "audit.chain.segments.close": _("Close full stretches of the trail"),
    "audit.chain.segments.tell": _("Tell the ends of the trail outside"),
    "audit.chain.segments.prune_due": _("Take away old stretches of the trail"),
    "audit.chain.segments.examine": _("Look for notes of stretches that others wrote"),
    "audit.counting.purge": _("Forget counts of long ago"),
    "audit.alerts.keeping.purge": _("Forget alerts that were closed long ago"),
    "audit.watch.failures.note": _("Note where most tries failed on a day"),
    "audit.watch.gauges.sample": _("Sample numbers for the dashboard"),
}
