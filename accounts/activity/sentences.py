"""What this room's events are called to the person they are about."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.activity import words
from accounts.activity.sentences_phone import PHONE
from accounts.activity.sentences_staff import STAFF, deed
from accounts.activity.told import Kind, Sentences, Told, Words, by_fact, plainly
from audit.events import Event
from audit.trail import Line

SIGN_IN, FAILED, CHANGE, OTHER = Kind.SIGN_IN, Kind.FAILED, Kind.CHANGE, Kind.OTHER

SIGNED_IN_BY: dict[str, Words] = {
    "password": gettext_lazy("Signed in with a password"),
    "code": gettext_lazy("Signed in with a code from an email"),
    "link": gettext_lazy("Signed in with a link from an email"),
    "passkey": gettext_lazy("Signed in with a passkey"),
    "security_key": gettext_lazy("Signed in with a security key"),
    "provider": gettext_lazy("Signed in with an account elsewhere"),
    "": gettext_lazy("Signed in by creating the account"),
}
FAILED_BY: dict[str, Words] = {
    "wrong_password": gettext_lazy("Failed to sign in: wrong password"),
    "wrong_code": gettext_lazy("Failed to sign in: wrong code"),
    "wrong_passkey": gettext_lazy("Failed to sign in: the passkey was not right"),
    "unknown_passkey": gettext_lazy("Failed to sign in: the passkey is not known"),
    "switched_off": gettext_lazy("Failed to sign in: the account was switched off"),
    "refused": gettext_lazy("The right password was turned away"),
    "frozen": gettext_lazy("Failed to sign in: sign-ins are frozen"),
}
STOPPED: dict[str, Words] = {
    "address": gettext_lazy("A change of email addresses was stopped by the link in its email"),
    "password": gettext_lazy("A change of the password was stopped by the link in its email"),
    "factor": gettext_lazy("A change of second steps was stopped by the link in its email"),
    "phone": gettext_lazy("A change of the phone number was stopped by the link in its email"),
    "username": gettext_lazy("A change of the username was stopped by the link in its email"),
    "limits": gettext_lazy("A change of limits was stopped by the link in its email"),
    "deletion": gettext_lazy("The deletion of the account was stopped by the link in its email"),
}
RESET_ASKED_BY: dict[str, Words] = {
    "text": gettext_lazy("Asked for a code by text to reset the password"),
}
RESET_BY: dict[str, Words] = {
    "text": gettext_lazy("Chose a new password with a code from a text message"),
}
REQUIRED: dict[str, Words] = {
    "breached": gettext_lazy("A new password was asked for: the old one is known from a breach"),
    "common": gettext_lazy("A new password was asked for: the old one is widely used"),
    "demanded": gettext_lazy("A new password was asked for, as staff demanded"),
}

KEPT: dict[str, Words] = {
    "change_stopped": gettext_lazy("The deletion of the account ended: a change to it was stopped"),
}


def _address(named: str, unnamed: str, line: Line) -> str:
    return named % {"address": line.label} if line.label else unnamed


def _address_added(line: Line) -> str:
    return _address(
        _("Asked to add the address %(address)s"), _("Asked to add an email address"), line
    )


def _address_confirmed(line: Line) -> str:
    return _address(_("Confirmed the address %(address)s"), _("Confirmed an email address"), line)


def _address_removed(line: Line) -> str:
    return _address(_("Removed the address %(address)s"), _("Removed an email address"), line)


def _address_main(line: Line) -> str:
    return _address(
        _("Made %(address)s the main address"), _("Made another address the main one"), line
    )


def _devices_forgotten(line: Line) -> str:
    number = int(line.facts.get("devices", 1))
    said = ngettext("Forgot %(n)d known device", "Forgot %(n)d known devices", number)
    if line.facts.get("reason") == "failures":
        said = ngettext(
            "Forgot %(n)d known device after wrong passwords from it",
            "Forgot %(n)d known devices after wrong passwords from them",
            number,
        )
    return said % {"n": number}


def _sessions_ended(line: Line) -> str:
    number = int(line.facts.get("sessions", 1))
    said = ngettext("Signed out %(n)d other device", "Signed out %(n)d other devices", number)
    return said % {"n": number}


def _profile(line: Line) -> str:
    return _("Changed the profile: %(fields)s") % {"fields": words.fields(line.facts)}


def _terms(line: Line) -> str:
    return _("Agreed to the terms, version %(version)s") % {
        "version": line.facts.get("version", "")
    }


def _username(line: Line) -> str:
    if not line.label:
        return _("Changed the username")
    return _("Changed the username to %(username)s") % {"username": line.label}


SENTENCES: Sentences = {
    # --- the way in -------------------------------------------------------------------------------
    Event.SIGNED_IN: Told(
        SIGN_IN, "key", by_fact("method", SIGNED_IN_BY, gettext_lazy("Signed in"))
    ),
    Event.SIGNED_OUT: Told(SIGN_IN, "out", plainly(gettext_lazy("Signed out"))),
    Event.SESSIONS_ENDED: Told(SIGN_IN, "out", _sessions_ended),
    Event.SIGN_IN_FAILED: Told(
        FAILED,
        "warning",
        by_fact("reason", FAILED_BY, gettext_lazy("Failed to sign in")),
        is_try=True,
    ),
    Event.SIGN_IN_CODE_REQUESTED: Told(
        SIGN_IN, "mail", plainly(gettext_lazy("Asked for a code to sign in with"))
    ),
    # Answered alike, and no letter was sent: nothing happened, and any program can cause it.
    Event.SIGN_IN_CODE_TRAPPED: None,
    Event.PASSWORD_RESET_TRAPPED: None,
    Event.REAUTHENTICATED: Told(
        SIGN_IN, "check", plainly(gettext_lazy("Confirmed that it was you"))
    ),
    Event.REAUTHENTICATION_FAILED: Told(
        FAILED,
        "warning",
        plainly(gettext_lazy("Failed to confirm that it was you")),
        is_try=True,
    ),
    Event.LIMIT_REACHED: Told(
        FAILED,
        "clock",
        plainly(gettext_lazy("Further tries were turned away for a while, or stopped")),
    ),
    Event.UNLOCK_REQUESTED: Told(
        SIGN_IN, "mail", plainly(gettext_lazy("Asked for an email to get in while others wait"))
    ),
    Event.UNLOCKED_BY_LETTER: Told(
        SIGN_IN, "mail", plainly(gettext_lazy("Let a browser try to sign in, by email"))
    ),
    Event.DEVICE_FORGOTTEN: Told(CHANGE, "laptop", _devices_forgotten),
    Event.SIGN_IN_EXPLAINED: Told(
        OTHER, "help", plainly(gettext_lazy("Staff looked up what keeps you from signing in"))
    ),
    # --- sign-up and addresses --------------------------------------------------------------------
    # Before there is a person.
    Event.SIGNUP_STARTED: None,
    Event.SIGNUP_FAILED: None,
    Event.SIGNUP_CONFIRMED: Told(CHANGE, "good", plainly(gettext_lazy("Created the account"))),
    Event.CONFIRMATION_FAILED: Told(
        FAILED,
        "warning",
        plainly(gettext_lazy("Failed to confirm an email address")),
        is_try=True,
    ),
    Event.ADDRESS_ADDED: Told(CHANGE, "mail", _address_added),
    Event.ADDRESS_CONFIRMED: Told(CHANGE, "mail", _address_confirmed),
    Event.ADDRESS_REMOVED: Told(CHANGE, "mail", _address_removed),
    Event.ADDRESS_MAIN_CHANGED: Told(CHANGE, "mail", _address_main),
    **PHONE,
    # --- undo -------------------------------------------------------------------------------------
    Event.CHANGE_STOPPED: Told(
        CHANGE,
        "warning",
        by_fact("kind", STOPPED, gettext_lazy("A change was stopped by the link in its email")),
    ),
    Event.CHANGE_UNDONE: Told(
        CHANGE, "good", plainly(gettext_lazy("Everything was put back as it was before a change"))
    ),
    Event.CHANGE_KEPT: Told(
        CHANGE, "good", plainly(gettext_lazy("Kept a change that had been stopped"))
    ),
    Event.UNDO_FAILED: Told(
        FAILED,
        "warning",
        plainly(gettext_lazy("Failed to prove something from before a stopped change")),
        is_try=True,
    ),
    # --- limits -----------------------------------------------------------------------------------
    Event.LIMITS_CHANGED: Told(
        CHANGE, "shield", plainly(gettext_lazy("Changed the limits of the account"))
    ),
    Event.LIMITS_KEPT: Told(
        CHANGE, "shield", plainly(gettext_lazy("Kept limits that were to be lifted"))
    ),
    Event.LIMITS_LOOSENED: Told(
        CHANGE, "shield", plainly(gettext_lazy("Limits were lifted, as was asked for"))
    ),
    # --- passwords and profile --------------------------------------------------------------------
    Event.PASSWORD_CHANGED: Told(CHANGE, "lock", plainly(gettext_lazy("Changed the password"))),
    Event.PASSWORD_MUST_CHANGE: Told(
        SIGN_IN, "lock", by_fact("cause", REQUIRED, gettext_lazy("A new password was asked for"))
    ),
    Event.PASSWORD_RESET_REQUESTED: Told(
        SIGN_IN,
        "mail",
        by_fact("by", RESET_ASKED_BY, gettext_lazy("Asked for an email to reset the password")),
    ),
    Event.PASSWORD_RESET_FINISHED: Told(
        CHANGE,
        "lock",
        by_fact("by", RESET_BY, gettext_lazy("Chose a new password with a link from an email")),
    ),
    # The password stayed what it was.
    Event.PASSWORD_HASH_UPGRADED: None,
    Event.ACTIVITY_DISOWNED: Told(
        CHANGE, "alert", plainly(gettext_lazy("Said that something was not you"))
    ),
    Event.USERNAME_CHANGED: Told(CHANGE, "user", _username),
    Event.PROFILE_CHANGED: Told(CHANGE, "user", _profile),
    Event.DEACTIVATED: deed(gettext_lazy("The account was switched off")),
    Event.ACTIVATED: deed(gettext_lazy("The account was switched on again")),
    # --- the end of an account --------------------------------------------------------------------
    Event.DELETION_SET: Told(
        CHANGE, "bin", plainly(gettext_lazy("Asked for the account to be deleted"))
    ),
    Event.DELETION_CANCELLED: Told(
        CHANGE,
        "good",
        by_fact("how", KEPT, gettext_lazy("Kept the account, which was to be deleted")),
    ),
    Event.TERMS_AGREED: Told(OTHER, "check", _terms),
    # Nobody is left to be told.
    Event.DELETED: None,
    # --- the copy of one's data -------------------------------------------------------------------
    Event.EXPORT_ASKED: Told(
        CHANGE, "save", plainly(gettext_lazy("Asked for a copy of all data of the account"))
    ),
    Event.EXPORT_READY: Told(
        OTHER, "save", plainly(gettext_lazy("The copy of the data was ready"))
    ),
    Event.EXPORT_FAILED: Told(
        OTHER, "save", plainly(gettext_lazy("The copy of the data could not be made"))
    ),
    Event.EXPORT_DOWNLOADED: Told(
        CHANGE, "save", plainly(gettext_lazy("Downloaded the copy of all data of the account"))
    ),
    # --- letters and texts ------------------------------------------------------------------------
    Event.MAIL_DEAD: Told(
        OTHER, "mail", plainly(gettext_lazy("An email to you could not be delivered"))
    ),
    Event.TEXT_DEAD: Told(
        OTHER, "text", plainly(gettext_lazy("A text message to you could not be delivered"))
    ),
    **STAFF,
    # What is done to letters, groups, keys and networks is done to nobody.
    Event.MAIL_RETRIED: None,
    Event.LIMIT_CLEARED: None,
    Event.STAFF_GROUP_CHANGED: None,
    Event.STAFF_NUMBERS_EXPORTED: None,
    Event.KEYS_ROTATED: None,
    Event.TRAIL_VERIFIED: None,
    Event.TRAIL_PRUNED: None,
    # It is in the copy of their data, and no line of theirs.
    Event.STAFF_NOTE_ADDED: None,
    # Whoever reads for their work is answered for in the trail, not to everybody they look at.
    **dict.fromkeys((Event.TRAIL_READ, Event.STAFF_PERSON_READ, Event.STAFF_PEOPLE_READ)),
    Event.TRAIL_EXPORTED: None,
    **dict.fromkeys((Event.ALERT_OPENED, Event.ALERT_SEEN, Event.ALERT_MUTED, Event.ALERT_CLOSED)),
    Event.NETWORK_RULE_ADDED: None,
    Event.NETWORK_RULE_ENDED: None,
}
