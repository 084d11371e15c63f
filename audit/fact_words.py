"""The closed lists of words that facts of the trail are taken from."""

from __future__ import annotations

from audit.facts import OneOf, SomeOf

FIRST_STEPS = ("password", "code", "link", "passkey", "provider")
# By a mailbox alone somebody proves themselves again who has nothing else: `mailbox`.
SECOND_STEPS = (
    "app",
    "security_key",
    "recovery_code",
    "texted_code",
    "mailed_code",
    "trusted_device",
)
METHOD = OneOf((*FIRST_STEPS, *SECOND_STEPS, "mailbox"))
FACTOR = OneOf(("app", "passkey", "texted_code", "mailed_code", "recovery_code"))
ON_THE_WAY = OneOf(("sign_in", "reset", "recovery"))
WHY_NO_SIGN_IN = (
    *("wrong_password", "wrong_code", "unknown_account", "switched_off", "refused"),
    *("wrong_passkey", "unknown_passkey", "frozen"),
)
WHY_FORGOTTEN = OneOf(
    (
        *("by_person", "failures", "new_password", "switched_off", "recovered"),
        *("undone", "not_me"),
    )
)
PROFILE = SomeOf(("name", "display_name", "username", "language", "time_zone"))
# What makes somebody one of staff, or an administrator.
STAFF_MARKS = ("is_staff", "is_superuser")
MARKS = SomeOf(STAFF_MARKS)
BY_STAFF = SomeOf(
    (
        *("name", "display_name", "username", "email", "language", "time_zone", "is_active"),
        *(*STAFF_MARKS, "staff_until", "groups", "user_permissions"),
    )
)
RULE_KIND = OneOf(("allow", "deny"))
RULE_SCOPE = OneOf(("site", "admin"))
YES_NO = OneOf(("yes", "no"))
LIMITS = SomeOf(("frozen_until", "resets_need_proof", "passkey_for_changes", "recovery_days"))
CHANGED = OneOf(("address", "password", "factor", "phone", "username", "limits", "deletion"))
TAKES_TWO = OneOf(("shorten", "remove", "reopen", "method", "grant", "group", "export"))
MUST_CHANGE = OneOf(("breached", "common", "demanded"))
