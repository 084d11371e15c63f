"""What this room's events are called to the person they are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from accounts.activity.told import Kind, Sentences, Told, Words, by_fact, plainly
from audit.events import Event
from audit.trail import Line

SIGN_IN, FAILED, CHANGE = Kind.SIGN_IN, Kind.FAILED, Kind.CHANGE

ADDED: dict[str, Words] = {
    "app": gettext_lazy("Added an authenticator app"),
    "passkey": gettext_lazy("Added a passkey"),
    "texted_code": gettext_lazy("Turned on codes by text message"),
    "mailed_code": gettext_lazy("Turned on codes by email"),
    "recovery_code": gettext_lazy("Added recovery codes"),
}
REMOVED: dict[str, Words] = {
    "app": gettext_lazy("Removed the authenticator app"),
    "passkey": gettext_lazy("Removed a passkey"),
    "texted_code": gettext_lazy("Turned off codes by text message"),
    "mailed_code": gettext_lazy("Turned off codes by email"),
    "recovery_code": gettext_lazy("Removed the recovery codes"),
}
SENT: dict[str, Words] = {
    "email": gettext_lazy("A code was sent to your main address"),
    "text": gettext_lazy("A code was sent to your phone"),
}
ON_THE_WAY: dict[str, Words] = {
    "sign_in": gettext_lazy("Gave the second step to sign in"),
    "reset": gettext_lazy("Gave the second step to choose a new password"),
    "recovery": gettext_lazy("Gave the second step to set up a new one"),
}
EXPIRED: dict[str, Words] = {
    "unused": gettext_lazy("The request to remove two-step sign-in ran out unused"),
    "credentials_changed": gettext_lazy(
        "The request to remove two-step sign-in ended with another change"
    ),
}


def _code_used(line: Line) -> str:
    left = int(line.facts.get("left", 0))
    said = ngettext(
        "Used a recovery code. %(n)d is left", "Used a recovery code. %(n)d are left", left
    )
    return said % {"n": left}


def _trusted(line: Line) -> str:
    days = int(line.facts.get("days", 0))
    said = ngettext(
        "Trusted a device: not asked for the second step for %(n)d day",
        "Trusted a device: not asked for the second step for %(n)d days",
        days,
    )
    return said % {"n": days}


def _trust_forgotten(line: Line) -> str:
    number = int(line.facts.get("devices", 1))
    said = ngettext("Forgot %(n)d trusted device", "Forgot %(n)d trusted devices", number)
    return said % {"n": number}


def _recovery_asked(line: Line) -> str:
    days = int(line.facts.get("days", 0))
    said = ngettext(
        "Asked to remove two-step sign-in after %(n)d day",
        "Asked to remove two-step sign-in after %(n)d days",
        days,
    )
    return said % {"n": days}


def _told(kind: Kind, icon: str, said: Words, **more: Any) -> Told:
    return Told(kind, icon, plainly(said), **more)


SENTENCES: Sentences = {
    Event.TWO_STEP_TURNED_ON: _told(CHANGE, "shield", gettext_lazy("Turned on two-step sign-in")),
    Event.TWO_STEP_TURNED_OFF: _told(CHANGE, "shield", gettext_lazy("Turned off two-step sign-in")),
    Event.FACTOR_ADDED: Told(
        CHANGE, "passkey", by_fact("factor", ADDED, gettext_lazy("Added a second step"))
    ),
    Event.FACTOR_REMOVED: Told(
        CHANGE, "passkey", by_fact("factor", REMOVED, gettext_lazy("Removed a second step"))
    ),
    Event.FACTOR_STOPPED: _told(
        CHANGE, "alert", gettext_lazy("A passkey was stopped: there is a copy of it")
    ),
    Event.FACTOR_RENAMED: _told(CHANGE, "pen", gettext_lazy("Renamed a passkey")),
    Event.RECOVERY_CODES_MADE: _told(CHANGE, "ticket", gettext_lazy("Saved new recovery codes")),
    Event.RECOVERY_CODE_USED: Told(SIGN_IN, "ticket", _code_used),
    Event.SECOND_STEP_FAILED: _told(
        FAILED,
        "warning",
        gettext_lazy("The first proof was right, the second step was wrong"),
        is_try=True,
    ),
    Event.CODE_SENT: Told(
        SIGN_IN, "text", by_fact("channel", SENT, gettext_lazy("A code was sent to you"))
    ),
    Event.SECOND_STEP_PROVED: Told(
        SIGN_IN, "check", by_fact("on_the_way", ON_THE_WAY, gettext_lazy("Gave the second step"))
    ),
    Event.DEVICE_TRUSTED: Told(CHANGE, "laptop", _trusted),
    Event.TRUST_FORGOTTEN: Told(CHANGE, "laptop", _trust_forgotten),
    # --- the slow lane ----------------------------------------------------------------------------
    Event.RECOVERY_CODE_SENT: _told(
        SIGN_IN,
        "mail",
        gettext_lazy("Gave the password to remove two-step sign-in; a code was sent"),
    ),
    Event.RECOVERY_CODE_FAILED: _told(
        FAILED,
        "warning",
        gettext_lazy("Failed to ask for the removal of two-step sign-in"),
        is_try=True,
    ),
    Event.RECOVERY_REQUESTED: Told(CHANGE, "clock", _recovery_asked),
    Event.RECOVERY_REFUSED: _told(
        FAILED, "warning", gettext_lazy("Asked to remove two-step sign-in, and was refused")
    ),
    Event.RECOVERY_STOPPED: _told(
        CHANGE, "shield", gettext_lazy("Stopped the request to remove two-step sign-in")
    ),
    Event.RECOVERY_EXPIRED: Told(
        CHANGE,
        "clock",
        by_fact(
            "reason",
            EXPIRED,
            gettext_lazy("The request to remove two-step sign-in came to nothing"),
        ),
    ),
    Event.RECOVERY_FINISHED: _told(
        CHANGE, "shield", gettext_lazy("Set up a new second step after the waiting period")
    ),
    # --- staff ------------------------------------------------------------------------------------
    Event.STAFF_RECOVERY_SHORTENED: _told(
        CHANGE,
        "shield",
        gettext_lazy("Staff ended the wait for a new second step"),
        gives_reason=True,
    ),
    Event.STAFF_RECOVERY_REOPENED: _told(
        CHANGE,
        "shield",
        gettext_lazy("Staff let you ask for a new second step again"),
        gives_reason=True,
    ),
    Event.STAFF_METHOD_REMOVED: _told(
        CHANGE, "shield", gettext_lazy("Staff removed one second step"), gives_reason=True
    ),
    Event.STAFF_SECOND_STEP_REMOVED: _told(
        CHANGE, "shield", gettext_lazy("Staff removed all second steps"), gives_reason=True
    ),
}
