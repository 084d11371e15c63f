"""What a room asks of higher ones by name, and where all rooms answer, of each (docs/architecture.md).
Settings, and no deployment's business: nothing here comes from the environment."""

from __future__ import annotations

LOGIN_STAGES = ["mfa.stage.SecondFactorStage"]
LOGIN_GATES: list[str] = []
# What a sign-in meets of second steps, for whoever explains (accounts/gates/first.py).
SECOND_STEP_MET = "mfa.policy.met_at_sign_in"
RESET_STAGES = ["mfa.flows.occasions.second_step_of_a_reset"]
STEP_UP_METHODS = ["password", "passkey", "app", "mailbox"]
STEP_UP_PAGES = ["mfa.step_up.pages"]
ON_CREDENTIALS_CHANGED = [
    "accounts.flows.deletion.end_with_a_stopped_change",
    "mfa.flows.trusted.forget_with_credentials",
    "mfa.flows.recovery.end_for_changed_credentials",
]
# What an undone change puts back, by kind (accounts/undo/parts.py).
UNDO_PARTS = [
    "accounts.undo.addresses.PART",
    "accounts.undo.phone.PART",
    "accounts.undo.usernames.PART",
    "accounts.flows.limits.PART",
    "mfa.undo.PART",
]
# What each room keeps of a person, to be handed out and erased, the lowest room first.
PERSONAL_DATA = ["accounts.exports.own.DATA", "mfa.personal_data.DATA"]
# By what somebody proves themselves most strongly, and what a limit of theirs takes: '' or why not.
STRONGEST_PROOF = "mfa.own_limits.strongest"
LIMIT_CONDITIONS = {
    "resets_need_proof": "mfa.own_limits.why_not_resets",
    "passkey_for_changes": "mfa.own_limits.why_not_passkeys",
}
ON_UNLOCKED = ["mfa.flows.wiping.forget_failures"]
ACCOUNT_PANELS = ["mfa.panel.panel"]
# What staff do and who may from the start (accounts/roles.py), the lowest room first.
STAFF_ACTS = ["accounts.roles.ACTS", "mfa.roles.ACTS"]
# What takes two of staff, by the word it is noted under (accounts/flows/approvals.py).
APPROVALS = {
    "grant": "accounts.flows.granting.KIND",
    "group": "accounts.flows.groups.KIND",
    "export": "accounts.flows.approved_export.KIND",
    "shorten": "mfa.flows.staff.SHORTEN_KIND",
    "reopen": "mfa.flows.staff.REOPEN_KIND",
    "remove": "mfa.flows.staff.REMOVE_KIND",
    "method": "mfa.flows.staff_methods.KIND",
}
# Numbers for the dashboard, by room (audit/watch/gauges.py).
WATCH_SOURCES = ["accounts.watch.SOURCE", "mfa.watch.SOURCE"]
# Who of these people is staff, for alerts (audit/alerts/facts.py).
WATCH_STAFF = "accounts.watch.staff_among"
HOUSEKEEPING = [
    "mfa.flows.trusted.purge",
    "mfa.flows.recovery_telling.tell",
    "mfa.flows.recovery_telling.expire",
    "mfa.flows.recovery_telling.purge",
]
SEALED_VALUES = [
    "audit.keys.SEALED",
    "accounts.sessions.store.SEALED",
    "accounts.outbox.compose.BODIES",
    "accounts.outbox.compose.RECIPIENTS",
    "accounts.botcheck.held.SEALED",
    "accounts.undo.sets.SEALED",
    "accounts.models.phone.SEALED",
    "accounts.models.staff_note.SEALED",
    "accounts.exports.pieces.SEALED",
    "mfa.devices.app.SEALED",
    "mfa.devices.recovery_codes.SEALED",
    "mfa.devices.sent_codes.SEALED",
]
KEYED_DIGESTS = [
    "accounts.lockout.meters.DIGESTS",
    "accounts.flows.proofs.DIGESTS",
    "accounts.flows.unlock.DIGESTS",
    "accounts.flows.usernames.DIGESTS",
    "accounts.flows.sent_codes.DIGESTS",
    "accounts.outbox.references.DIGESTS",
    "accounts.botcheck.signed.DIGESTS",
    "accounts.unsent.DIGESTS",
    "audit.trail.IDENTIFIERS",
    "audit.trail.NETWORKS",
    "audit.searched.SEARCHES",
]
# What `auth_user` does besides, by the word it is told.
AUTH_USER_ACTS = {
    "signout": "accounts.flows.staff_sessions.act",
    "remove-mfa": "mfa.flows.staff.remove_mfa",
    "lift-hold": "accounts.flows.staff_hold.act",
    "lift-limits": "accounts.flows.staff_limits.act",
    "cancel-deletion": "accounts.flows.staff_deletion.act",
}
