"""The closed vocabulary of the trail: what can happen, in the past tense, grouped by room, and the
facts each event carries. `docs/audit-events.md` is written from it and held equal by a test.
"""

from __future__ import annotations

from enum import StrEnum

from audit import granted
from audit.asked import OF_PEOPLE, OF_THE_TRAIL
from audit.fact_words import (
    BY_STAFF,
    CHANGED,
    FACTOR,
    LIMITS,
    MARKS,
    METHOD,
    MUST_CHANGE,
    ON_THE_WAY,
    PROFILE,
    RULE_KIND,
    RULE_SCOPE,
    TAKES_TWO,
    WHY_FORGOTTEN,
    WHY_NO_SIGN_IN,
    YES_NO,
)
from audit.facts import Count, Kind, Maybe, OneOf, Prose, SomeOf, Word
from audit.hands import ANY_ENTRY, OF_TWO, OPERATORS

# Why somebody with rights did something: forms, commands and tables have these bounds from here.
SHORTEST_REASON, LONGEST_REASON = 3, 400
REASON = Prose(LONGEST_REASON, least=1)
SESSIONS = Maybe(Count())
# Of what staff do, and operators too.
DEED: dict[str, Kind] = {"reason": REASON, **OPERATORS}
OF_STAFF = Maybe(YES_NO)
ALERT: dict[str, Kind] = {"alert": Count(ANY_ENTRY), "rule": Word(40)}


class Event(StrEnum):
    """`meaning` is one sentence for the catalogue; `allowed` names the facts and their kinds."""

    meaning: str
    allowed: dict[str, Kind]

    def __new__(cls, value: str, meaning: str, allowed: dict[str, Kind] | None = None) -> Event:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.allowed = allowed or {}
        return member

    # --- accounts: the way in ---------------------------------------------------------------------

    SIGNED_IN = (
        "account.signed_in",
        "A session began. Of staff: on a `new` device.",
        {"method": Maybe(METHOD), "second": Maybe(METHOD), "device": Maybe(OneOf(("new",)))},
    )
    SIGN_IN_FAILED = (
        "account.sign_in_failed",
        "A sign-in was refused. Unknown names are kept as keyed digests only.",
        {"reason": OneOf(WHY_NO_SIGN_IN)},
    )
    SIGN_IN_CODE_REQUESTED = (
        "account.sign_in_code_requested",
        "Somebody asked for a code to sign in with.",
    )
    SIGN_IN_CODE_TRAPPED = (
        "account.sign_in_code_trapped",
        "A program filled the hidden field of that form: answered alike, and no letter sent.",
    )
    SIGNED_OUT = ("account.signed_out", "The person ended this session.")
    SESSIONS_ENDED = (
        "account.sessions_ended",
        "Somebody ended sessions of theirs from another one.",
        {"sessions": Count(), "reason": OneOf(("by_person",))},
    )
    REAUTHENTICATED = (
        "account.reauthenticated",
        "A signed-in person proved again who they are.",
        {"method": Maybe(METHOD)},
    )
    REAUTHENTICATION_FAILED = (
        "account.reauthentication_failed",
        "A signed-in person failed to prove again who they are.",
        {"method": Maybe(METHOD)},
    )
    LIMIT_REACHED = (
        "account.limit_reached",
        "A budget is spent: further tries are refused until it opens again.",
        {"budget": Word(40)},
    )
    UNLOCK_REQUESTED = (
        "account.unlock_requested",
        "Somebody asked for the letter that lets one browser past the limits of strangers.",
    )
    UNLOCKED_BY_LETTER = (
        "account.unlocked_by_letter",
        "A browser proved the mailbox and is known for some minutes.",
    )
    DEVICE_FORGOTTEN = (
        "account.device_forgotten",
        "Known devices are strangers again.",
        {"devices": Count(), "reason": WHY_FORGOTTEN, **OPERATORS},
    )
    SIGN_IN_EXPLAINED = (
        "staff.sign_in_explained",
        "Staff or an operator asked why somebody cannot sign in.",
        OPERATORS,
    )
    UNLOCKED_BY_STAFF = (
        "staff.unlocked",
        "Staff or an operator opened an account for further tries.",
        DEED,
    )

    LIMIT_CLEARED = (
        "staff.limit_cleared",
        "Staff let a network, the site, or a name that nobody has, be counted anew.",
        {"budget": Word(40), "count": Count(), "network": Maybe(Word(64)), "reason": REASON},
    )

    # --- accounts: sign-up and addresses ----------------------------------------------------------

    SIGNUP_STARTED = ("account.signup_started", "Somebody asked for an account.")
    SIGNUP_CONFIRMED = (
        "account.signup_confirmed",
        "The address of a sign-up was proved and the account made.",
    )
    SIGNUP_FAILED = (
        "account.signup_failed",
        "A sign-up was refused or could not be finished.",
        {"reason": OneOf(("closed", "limit", "address_taken", "username_taken", "expired", "bot"))},
    )
    CONFIRMATION_FAILED = (
        "account.confirmation_failed",
        "A wrong or spent proof of an address was tried.",
        {"how": Maybe(OneOf(("code", "link")))},
    )
    ADDRESS_ADDED = ("account.address_added", "An address was added and waits for its proof.")
    ADDRESS_CONFIRMED = ("account.address_confirmed", "An added address was proved.")
    ADDRESS_REMOVED = ("account.address_removed", "An address was taken away.")
    ADDRESS_MAIN_CHANGED = ("account.address_main_changed", "Another address became the main one.")
    PHONE_ADDED = ("account.phone_added", "A phone number was proved by a texted code.")
    PHONE_CHANGED = ("account.phone_changed", "Another phone number was proved and took its place.")
    PHONE_REMOVED = ("account.phone_removed", "The phone number was taken away.")
    PHONE_FAILED = ("account.phone_failed", "A wrong code was typed to prove a phone number.")
    CHANGE_STOPPED = (
        "account.change_stopped",
        "The link in a letter about a change stopped it: all sessions ended, nothing more is changed.",
        {"kind": CHANGED, "sessions": SESSIONS},
    )
    CHANGE_UNDONE = (
        "account.change_undone",
        "By that link and a proof from before it, what was there before a change was put back.",
        {"kinds": SomeOf(CHANGED.words), "sessions": SESSIONS},
    )
    CHANGE_KEPT = (
        "account.change_kept",
        "Its owner said that a stopped change was theirs: it stays, and the account is open again.",
        {"kinds": SomeOf(CHANGED.words), "sessions": SESSIONS},
    )
    UNDO_FAILED = (
        "account.undo_failed",
        "Behind such a link a wrong proof from before the change was tried.",
    )
    STAFF_HOLD_LIFTED = (
        "staff.hold_lifted",
        "Staff or an operator opened an account in which a change was stopped.",
        {**DEED, "sessions": SESSIONS},
    )
    LIMITS_CHANGED = (
        "account.limits_changed",
        "A person changed what they limit for themselves; what is looser may wait.",
        {"tighter": LIMITS, "looser": LIMITS, "waits": LIMITS},
    )
    LIMITS_KEPT = ("account.limits_kept", "What waited to be loosened was taken back.")
    LIMITS_LOOSENED = (
        "account.limits_loosened",
        "What was asked to be loosened has waited long enough, and is.",
        {"looser": LIMITS},
    )
    STAFF_LIMITS_LIFTED = (
        "staff.limits_lifted",
        "Staff or an operator took off what a person had limited for themselves.",
        {**DEED, "sessions": SESSIONS},
    )

    # --- accounts: passwords and profile ----------------------------------------------------------

    PASSWORD_CHANGED = (
        "account.password_changed",
        "A person chose a new password, signed in or, where one was required, on the way in.",
        {"sessions": SESSIONS, "required": Maybe(MUST_CHANGE)},
    )
    PASSWORD_MUST_CHANGE = (
        "account.password_must_change",
        "Everything was proved, but strangers know the password, or may: it must be changed first.",
        {"cause": MUST_CHANGE},
    )
    PASSWORD_RESET_REQUESTED = (
        "account.password_reset_requested",
        "Somebody asked for a reset letter, or for a code by text.",
        {"by": Maybe(OneOf(("text",)))},
    )
    PASSWORD_RESET_TRAPPED = (
        "account.password_reset_trapped",
        "A program filled the hidden field of the reset form: answered alike, and nothing sent.",
        {"by": Maybe(OneOf(("text",)))},
    )
    RESET_CODE_FAILED = (
        "account.reset_code_failed",
        "A wrong code was typed to choose a new password.",
    )
    PASSWORD_RESET_FINISHED = (
        "account.password_reset_finished",
        "A new password was set by a reset link, or after a texted code.",
        {"by": Maybe(OneOf(("text",))), "sessions": SESSIONS},
    )
    PASSWORD_HASH_UPGRADED = (
        "account.password_hash_upgraded",
        "An older hash was replaced at sign-in by one with today's parameters.",
        {"former": Maybe(Word(40))},
    )
    ACTIVITY_DISOWNED = (
        "account.activity_disowned",
        "The person said that it was not them: other sessions ended, and other devices are strangers."
        " `entry` is what they said it of.",
        {"entry": Maybe(Count(ANY_ENTRY)), "sessions": SESSIONS},
    )
    USERNAME_CHANGED = (
        "account.username_changed",
        "A person took another username; the old one is held for them, as a keyed digest.",
    )
    PROFILE_CHANGED = ("account.profile_changed", "Profile fields changed.", {"fields": PROFILE})
    DEACTIVATED = (
        "account.deactivated",
        "The account was switched off.",
        {"reason": Maybe(REASON), **OPERATORS, **OF_TWO},
    )
    ACTIVATED = (
        "account.activated",
        "The account was switched on again.",
        {"reason": Maybe(REASON), **OPERATORS, **OF_TWO},
    )

    # --- accounts: the end of an account, and its terms --------------------------------------------

    DELETION_SET = (
        "account.deletion_set",
        "A person asked for the deletion of their account: it waits for its day, and can be kept.",
        {"days": Count(), "sessions": SESSIONS},
    )
    DELETION_CANCELLED = (
        "account.deletion_cancelled",
        "The account is kept: the person signed in before that day, or a change to it was stopped.",
        {"how": OneOf(("by_person", "change_stopped"))},
    )
    DELETED = (
        "account.deleted",
        "The account was erased; from here on nobody can read who this person was.",
    )

    TERMS_AGREED = (
        "account.terms_agreed",
        "A person agreed to the terms of this version, whose text has this SHA-256.",
        {"version": Word(40), "digest": Word(64)},
    )

    # --- accounts: the copy of one's data ---------------------------------------------------------

    EXPORT_ASKED = ("account.export_asked", "The person asked for a copy of their data.")
    EXPORT_READY = (
        "account.export_ready",
        "The copy was built: it rests sealed until it runs out.",
        {"bytes": Count(ANY_ENTRY)},
    )
    EXPORT_FAILED = (
        "account.export_failed",
        "The copy could not be built, after its last try.",
        {"attempts": Count()},
    )
    EXPORT_DOWNLOADED = ("account.export_downloaded", "The copy was downloaded.")

    # --- mfa: second steps ------------------------------------------------------------------------

    TWO_STEP_TURNED_ON = (
        "mfa.two_step_turned_on",
        "From now on the account takes a second step: a factor is there and its recovery codes saved.",
        {"sessions": SESSIONS},
    )
    TWO_STEP_TURNED_OFF = (
        "mfa.two_step_turned_off",
        "The account takes no second step any more: its last factor went.",
        {"sessions": SESSIONS, "of_staff": OF_STAFF},
    )
    FACTOR_ADDED = (
        "mfa.factor_added",
        "A second step, or a passkey, was added.",
        {"factor": FACTOR, "sessions": SESSIONS},
    )
    FACTOR_REMOVED = (
        "mfa.factor_removed",
        "A second step, or a passkey, was taken away.",
        {"factor": FACTOR, "sessions": SESSIONS, "of_staff": OF_STAFF},
    )
    FACTOR_STOPPED = (
        "mfa.factor_stopped",
        "A passkey's counter went back, so there is a copy of it: it proves nothing any more.",
        {"factor": FACTOR, "sessions": SESSIONS, "of_staff": OF_STAFF},
    )
    FACTOR_RENAMED = ("mfa.factor_renamed", "A factor got another name.", {"factor": FACTOR})
    RECOVERY_CODES_MADE = (
        "mfa.recovery_codes_made",
        "New recovery codes were saved; those before them are dead.",
        {"sessions": SESSIONS},
    )
    RECOVERY_CODE_USED = (
        "mfa.recovery_code_used",
        "A recovery code was used as the second step.",
        {"left": Count()},
    )
    SECOND_STEP_FAILED = (
        "mfa.second_step_failed",
        "The first proof was right, the second step was wrong.",
        {"method": METHOD, "on_the_way": ON_THE_WAY},
    )
    CODE_SENT = (
        "mfa.code_sent",
        "A code was sent, to the main address or to the person's number.",
        {
            "channel": OneOf(("email", "text")),
            "purpose": OneOf(("second_step", "confirm", "set_up", "phone")),
        },
    )
    SECOND_STEP_PROVED = (
        "mfa.second_step_proved",
        "A second step was proved on the way to something else than a session.",
        {"method": METHOD, "on_the_way": ON_THE_WAY},
    )
    DEVICE_TRUSTED = (
        "mfa.device_trusted",
        "A browser is not asked for the second step for some days.",
        {"days": Count()},
    )
    TRUST_FORGOTTEN = (
        "mfa.trust_forgotten",
        "Browsers are asked for the second step again.",
        {"devices": Count(), "reason": OneOf(("by_person", "credentials_changed")), **OPERATORS},
    )

    # --- mfa: the slow lane -----------------------------------------------------------------------

    RECOVERY_CODE_SENT = (
        "mfa.recovery_code_sent",
        "Somebody without a second step gave the right password, and a code was mailed.",
    )
    RECOVERY_CODE_FAILED = (
        "mfa.recovery_code_failed",
        "A wrong code was typed there, or any code after a wrong password.",
    )
    RECOVERY_REQUESTED = (
        "mfa.recovery_requested",
        "A waiting period began, after which a new second step can be set up without the old one.",
        {"days": Count()},
    )
    RECOVERY_REFUSED = (
        "mfa.recovery_refused",
        "Password and code were right, and no waiting period began.",
        {"reason": OneOf(("waiting", "closed", "no_second_step"))},
    )
    RECOVERY_STOPPED = (
        "mfa.recovery_stopped",
        "The waiting period was stopped: all sessions ended, and a new password is demanded.",
        {"how": OneOf(("link", "session")), "sessions": SESSIONS},
    )
    RECOVERY_EXPIRED = (
        "mfa.recovery_expired",
        "The request came to nothing: it was not used in time, or overtaken by another change.",
        {"reason": OneOf(("unused", "credentials_changed"))},
    )
    RECOVERY_FINISHED = (
        "mfa.recovery_finished",
        "After the wait a new app and new recovery codes took the place of all second steps.",
        {"sessions": SESSIONS, "of_staff": OF_STAFF},
    )

    # --- letters ----------------------------------------------------------------------------------

    MAIL_DEAD = (
        "mail.dead",
        "A letter was given up after its last try.",
        {"letter": Maybe(Word()), "attempts": Maybe(Count())},
    )

    MAIL_RETRIED = (
        "mail.retried",
        "A letter or text is to be tried at once, as staff said; or an operator let all letters that"
        " were given up wait again.",
        {
            "letter": Maybe(Word()),
            "letters": Maybe(Count()),
            "was": OneOf(("waiting", "dead")),
            "reason": Maybe(REASON),
            **OPERATORS,
        },
    )

    # --- texts ------------------------------------------------------------------------------------

    TEXT_DEAD = (
        "text.dead",
        "A text message was given up: refused for its number, not taken in time, or too late.",
        {"text": Maybe(Word()), "attempts": Maybe(Count())},
    )

    # --- staff and operators ----------------------------------------------------------------------

    STAFF_RESET_LETTER_SENT = (
        "staff.reset_letter_sent",
        "Staff sent a person a reset letter.",
        {"reason": REASON},
    )
    STAFF_PASSWORD_DEMANDED = (
        "staff.password_demanded",
        "Staff or an operator demanded a new password of a person at the next sign-in.",
        {**DEED, "sessions": SESSIONS},
    )
    STAFF_APPROVAL_ASKED = (
        "staff.approval_asked",
        "Staff asked for something that takes a second one of them.",
        {"act": TAKES_TWO, "approval": Count(ANY_ENTRY), "reason": REASON},
    )
    STAFF_APPROVAL_GIVEN = (
        "staff.approval_given",
        "A second one of staff said yes to it, on the page of what waits.",
        {"act": TAKES_TWO, "approval": Count(ANY_ENTRY), "reason": REASON},
    )
    STAFF_APPROVAL_REFUSED = (
        "staff.approval_refused",
        "A second one of staff said no to it, or whoever asked took it back.",
        {"act": TAKES_TWO, "approval": Count(ANY_ENTRY), "reason": REASON},
    )
    STAFF_RECOVERY_SHORTENED = (
        "staff.recovery_shortened",
        "Staff let a waiting person set up a new second step at once.",
        {"reason": REASON, **OF_TWO},
    )
    STAFF_RECOVERY_REOPENED = (
        "staff.recovery_reopened",
        "Staff let a person whose requests were stopped twice ask again.",
        {"reason": REASON, **OF_TWO},
    )
    STAFF_SECOND_STEP_REMOVED = (
        "staff.second_step_removed",
        "Staff or an operator removed all second steps of a person.",
        {**DEED, **OF_TWO, "sessions": SESSIONS, "of_staff": OF_STAFF},
    )
    STAFF_DELETION_CANCELLED = (
        "staff.deletion_cancelled",
        "Staff or an operator cancelled the deletion of an account that waited for its day.",
        DEED,
    )
    STAFF_USER_CHANGED = (
        "staff.user_changed",
        "Staff or an operator changed a person.",
        {"fields": BY_STAFF, "marks_given": Maybe(MARKS), **granted.MOVED, **DEED, **OF_TWO},
    )
    STAFF_GRANT_ENDED = (
        "staff.grant_ended",
        "The last day of a grant was over: the person is no staff any more, and in no group.",
        {**granted.TAKEN, "sessions": SESSIONS},
    )
    STAFF_SIGNED_OUT = (
        "staff.signed_out",
        "Staff or an operator ended all sessions of a person.",
        {**DEED, "sessions": SESSIONS},
    )
    STAFF_CONFIRMATION_RESENT = (
        "staff.confirmation_resent",
        "Staff had the letter sent again that confirms an address.",
        {"reason": REASON},
    )
    STAFF_METHOD_REMOVED = (
        "staff.method_removed",
        "Staff removed one second step or passkey of a person.",
        {"factor": FACTOR, "reason": REASON, **OF_TWO, "sessions": SESSIONS, "of_staff": OF_STAFF},
    )
    STAFF_GROUP_CHANGED = (
        "staff.group_changed",
        "Staff who grant rights changed what a group may do, or its name.",
        {**granted.OF_A_ROLE, "reason": Maybe(REASON), **OF_TWO},
    )
    STAFF_NUMBERS_EXPORTED = (
        "staff.numbers_exported",
        "Staff took the numbers of a plot of the dashboard away as a file.",
        {"plot": Word(40), "period": Word(10)},
    )
    STAFF_SUPERUSER_CREATED = (
        "staff.superuser_created",
        "An operator made an administrator from the command line.",
        OPERATORS,
    )
    KEYS_ROTATED = (
        "command.keys_rotated",
        "An operator's command moved sealed values to the key that seals now, or tried to.",
        {
            "key": Word(),
            **OPERATORS,
            "resealed": Count(),
            "failed": Count(),
            "outcome": OneOf(("done", "partly", "interrupted")),
        },
    )
    COMMAND_RUN = (
        "command.run",
        "An operator's command showed an account, and changed nothing that has a line of its own.",
        {"command": Word(), **OPERATORS},
    )

    # --- the trail itself -------------------------------------------------------------------------

    TRAIL_VERIFIED = (
        "trail.verified",
        "The worker, or an operator, had the whole chain read; `found` is how much of it is wrong.",
        {"verified": Count(ANY_ENTRY), "found": Count(ANY_ENTRY), **OPERATORS},
    )
    TRAIL_PRUNED = (
        "trail.pruned",
        "A stretch of old entries was taken away whole; its last seal stays.",
        {"first": Count(ANY_ENTRY), "last": Count(ANY_ENTRY), **OPERATORS},
    )

    STAFF_NOTE_ADDED = ("staff.note_added", "Staff wrote a note about a person, for one another.")
    STAFF_PERSON_READ = ("staff.person_read", "Staff opened the page of a person (once a minute).")
    STAFF_PEOPLE_READ = (
        "staff.people_read",
        "Staff looked at a list of people, narrowed so; or at limits, messages or other lists that name"
        " people or networks. Once a minute for the same.",
        {"asked": OF_PEOPLE, "searched": Maybe(Word(64))},
    )
    TRAIL_READ = (
        "trail.read",
        "Staff read the trail: a list, narrowed so, or one entry of it. Once a minute for the same.",
        {**OF_THE_TRAIL, "entry": Maybe(Count(ANY_ENTRY))},
    )

    TRAIL_EXPORTED = (
        "trail.exported",
        "Staff or an operator took entries of the trail away as a file: so many at most.",
        {
            **OF_THE_TRAIL,
            "format": OneOf(("json", "csv")),
            "networks": OneOf(("with", "without")),
            "entries": Maybe(Count()),
            "reason": Maybe(REASON),
            **OPERATORS,
            **OF_TWO,
        },
    )

    # --- alerts: the alert's row, which stays for more than a year, says what it is about ----------

    ALERT_OPENED = ("alert.opened", "A rule found something to be alarmed about.", ALERT)
    ALERT_SEEN = ("staff.alert_seen", "Staff saw an alert.", {**ALERT, "reason": REASON})
    ALERT_CLOSED = ("staff.alert_closed", "Staff closed an alert.", {**ALERT, "reason": REASON})
    ALERT_MUTED = (
        "staff.alert_muted",
        "Staff muted an alert for so many hours.",
        {**ALERT, "hours": Count(), "reason": REASON},
    )

    # --- networks: the rule's row, which stays, says which one -------------------------------------

    NETWORK_RULE_ADDED = (
        "network.rule_added",
        "A network is let in or kept out from now on.",
        {
            "rule": Count(),
            "kind": RULE_KIND,
            "scope": RULE_SCOPE,
            "hours": Maybe(Count()),
            **DEED,
        },
    )
    NETWORK_RULE_ENDED = (
        "network.rule_ended",
        "A rule about a network was taken out of force before it ran out.",
        {"rule": Count(), "kind": RULE_KIND, "scope": RULE_SCOPE, **DEED},
    )
