"""What is said of a person's telephone number, and of codes texted there."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.activity.told import Kind, Sentences, Told, plainly
from audit.events import Event

FAILED, CHANGE = Kind.FAILED, Kind.CHANGE

PHONE: Sentences = {
    Event.PHONE_ADDED: Told(CHANGE, "phone", plainly(gettext_lazy("Added a phone number"))),
    Event.PHONE_CHANGED: Told(CHANGE, "phone", plainly(gettext_lazy("Changed the phone number"))),
    Event.PHONE_REMOVED: Told(CHANGE, "phone", plainly(gettext_lazy("Removed the phone number"))),
    Event.PHONE_FAILED: Told(
        FAILED,
        "warning",
        plainly(gettext_lazy("Failed to confirm a phone number: wrong code")),
    ),
    Event.RESET_CODE_FAILED: Told(
        FAILED,
        "warning",
        plainly(gettext_lazy("Failed to choose a new password: wrong code")),
        is_try=True,
    ),
}
