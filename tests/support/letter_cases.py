"""One case of every letter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy

from accounts.outbox import (
    letters,
    letters_deletion,
    letters_export,
    letters_limits,
    letters_phone,
    letters_sign_in,
    letters_username,
)
from accounts.outbox.letters import Letter
from accounts.own_limits import Limits
from mfa import letters as mfa_letters
from mfa.recovery import letters as recovery
from tests.support.letter_case import HAPPENED, Case, case
from tests.support.letter_cases_staff import STAFF_CASES

CODE, MASKED = "KFWP-7XRT", "+44 •••• ••0123"
KEY = "/accounts/confirm-email/8Jq2vXtR8Jq2vXtR8Jq2vXtR/"
SECURE = "/accounts/rescue/"
UNDO = "/accounts/undo/" + "k" * 43 + "/"
CASES = {
    "confirm_address": case(
        letters.confirm_address, CODE, "10 minutes", "8 hours", code=CODE, minutes=10, link=KEY
    ),
    "unlock": case(
        letters.unlock, CODE, "10 minutes", "60 minutes", "15 minutes",
        code=CODE, minutes=10, link_minutes=60, unlocked=15,
        link="/accounts/unlock/8Jq2vXtR8Jq2vXtR8Jq2vXtR/",
    ),
    **{
        f"{purpose}_code": case(
            letters.sign_in_code, CODE, "10 minutes", told, "Do not pass it on",
            code=CODE, minutes=10, purpose=purpose, happened=HAPPENED,
        )
        for purpose, told in {
            "sign_in": "page you left open, to sign in",
            "second_step": "second step of your sign-in",
            "confirm": "confirm that it is you",
            "recovery": "first proof",
        }.items()
    },
    "already_registered": case(letters.already_registered, link="/accounts/login/"),
    "no_account": case(letters.no_account, "no account with this address"),
    "reset_password": case(
        letters.reset_password, "quiet-otter-4821", "60 minutes",
        username="quiet-otter-4821", minutes=60, link="/accounts/password/reset/key/1-abc/",
    ),
    "reset_by_staff": case(
        letters.reset_password, "Northgate staff sent you this link",
        username="quiet-otter-4821", minutes=60, by_staff=True,
        link="/accounts/password/reset/key/1-abc/",
    ),
    "address_added": case(
        letters.address_changed, "n•••@example.com",
        kind="added", old="", new="new@example.com", link=SECURE, happened=HAPPENED,
    ),
    "address_main": case(
        letters.address_changed, "n•••@example.com", "sam@example.org",
        kind="main", old="sam@example.org", new="new@example.com", link=SECURE, happened=HAPPENED,
    ),
    "address_removed": case(
        letters.address_changed, "o•••@example.com",
        kind="removed", old="old@example.com", new="", link=SECURE, happened=HAPPENED,
    ),
    **{
        f"phone_{kind}": case(
            letters_phone.phone_changed, *filter(None, (old, new)), kind=kind, old=old, new=new,
            link="/accounts/phone/", happened=HAPPENED,
        )
        for kind, old, new in (
            ("added", "", MASKED), ("changed", "+44 •••• ••9999", MASKED), ("removed", MASKED, "")
        )
    },
    "password_changed": case(
        letters.password_changed, kind="changed", link="/accounts/password/reset/",
        happened=HAPPENED,
    ),
    "password_set": case(
        letters.password_changed, "Before, it had none", kind="set",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "password_reset": case(
        letters.password_changed, "reset email", kind="reset",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "username_changed": case(
        letters_username.username_changed, "quiet-otter-4821", "sam", "for 90 days",
        old="sam", username="quiet-otter-4821", days=90, link=SECURE,
        happened=HAPPENED,
    ),
    "password_reset_by_text": case(
        letters.password_changed, "code from a text message", kind="reset_by_text",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "activity_disowned": case(
        letters.activity_disowned, "This was not me", "all other devices were signed out",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "new_device": case(
        letters_sign_in.new_device, "not known before", "open Devices, sign it out",
        link="/accounts/sessions/", happened=HAPPENED,
    ),
    "failed_tries": case(
        letters_sign_in.failed_tries, "Nobody got in", "once a day at most",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "failed_tries_inside": case(
        letters_sign_in.failed_tries, "is signed in to your account", "which signs them out",
        inside=True, link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "switched_off": case(letters.switched_off, "help@example.org", happened=HAPPENED),
    "switched_off_bare": case(letters.switched_off, "help@example.org"),
    "staff_changed": case(
        letters.staff_changed, "A reset email was sent to you.", "Ticket 4411",
        action=gettext_lazy("A reset email was sent to you."), reason="Ticket 4411",
        happened=HAPPENED,
    ),
    "deletion_set": case(
        letters_deletion.deletion_set, "14 March 2099", "Keep my account",
        due_at=datetime(2099, 3, 15, 2, tzinfo=UTC), days=14, happened=HAPPENED,
        link="/accounts/login/",
    ),
    "deletion_set_old_address": case(
        letters_deletion.deletion_set, "14 March 2099", "It works for 14 days.",
        due_at=datetime(2099, 3, 15, 2, tzinfo=UTC), days=14, happened=HAPPENED,
        link=UNDO, undo=UNDO,
    ),
    "deletion_cancelled": case(
        letters_deletion.deletion_cancelled, "Your account is kept", happened=HAPPENED,
        link=SECURE,
    ),
    "deletion_done": case(
        letters_deletion.deletion_done, "the last email about this account", "it was the address of"
    ),
    "export_ready": case(
        letters_export.export_ready, "until 14 March 2099", link="/accounts/data/export/",
        expires_at=datetime(2099, 3, 15, 2, tzinfo=UTC), time_zone="America/New_York",
    ),
    "two_step": case(
        mfa_letters.two_step, "your password alone is not enough", "Recovery codes were made",
        on=True, link="/accounts/mfa/", happened=HAPPENED,
    ),
    "two_step_by_app": case(
        mfa_letters.two_step, "your password alone is not enough", "app was added", on=True,
        factor="app", added=True, named="My phone", link="/accounts/mfa/", happened=HAPPENED,
    ),
    "two_step_off": case(
        mfa_letters.two_step, "whoever has your password can sign in", "app was removed",
        "It was called “My phone”", on=False, factor="app", named="My phone",
        link="/accounts/mfa/", happened=HAPPENED,
    ),
    **{
        f"{factor}_{'added' if added else 'removed'}": case(
            mfa_letters.factor_changed, told, *filter(None, [named and f"“{named}”"]),
            factor=factor, added=added, named=named, link="/accounts/mfa/", happened=HAPPENED,
        )
        for factor, added, named, told in (
            ("app", True, "My phone", "An authenticator app was added to your account"),
            ("app", False, "My phone", "The authenticator app was removed from your account"),
            ("passkey", True, "Blue key", "A passkey was added to your account"),
            ("passkey", False, "Blue key", "A passkey was removed from your account"),
            ("texted_code", True, "", "Codes by text message were added to your account"),
            ("texted_code", False, "", "Codes by text message were removed from your account"),
            ("mailed_code", True, "", "Codes by email were added to your account"),
            ("mailed_code", False, "", "Codes by email were removed from your account"),
        )
    },
    "recovery_codes_made": case(
        mfa_letters.recovery_codes_made, "do not work any more", link="/accounts/mfa/",
        happened=HAPPENED,
    ),
    "recovery_code_used": case(
        mfa_letters.recovery_code_used, "3 are left", left=3, link="/accounts/mfa/",
        happened=HAPPENED,
    ),
    "second_step_failed": case(
        mfa_letters.second_step_failed, "They had your password", had="password",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "second_step_failed_at_reset": case(
        mfa_letters.second_step_failed, "read your mailbox", had="link",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "second_step_failed_inside": case(
        mfa_letters.second_step_failed, "Sign them out now", had="session",
        link=SECURE, happened=HAPPENED,
    ),
    "passkey_stopped": case(
        mfa_letters.passkey_stopped, "“Blue key”", named="Blue key", link="/accounts/mfa/",
        happened=HAPPENED,
    ),
    "address_taken": case(letters.address_taken, link="/accounts/login/"),
    "recovery_waits": case(
        recovery.recovery_waits, "1 March 2099, 10:00 (Berlin)", "8 March 2099, 10:00 (Berlin)",
        "After a waiting period",
        ready_at=datetime(2099, 3, 1, 9, tzinfo=UTC), ends_at=datetime(2099, 3, 8, 9, tzinfo=UTC),
        time_zone="Europe/Berlin", link="/accounts/mfa/reset/stop/8Jq2vXtR8Jq2vXtR8Jq2vXtR/",
        happened=HAPPENED,
    ),
    "recovery_ready": case(
        recovery.recovery_waits, "The waiting period is over", "8 March 2026, 10:00 (Berlin)",
        "Was this you? Go back to the page where you asked",
        ready_at=datetime(2026, 3, 1, 9, tzinfo=UTC), ends_at=datetime(2026, 3, 8, 9, tzinfo=UTC),
        time_zone="Europe/Berlin", link="/accounts/mfa/reset/stop/8Jq2vXtR8Jq2vXtR8Jq2vXtR/",
    ),
    "change_stopped": case(
        letters.change_stopped, "A change of the email addresses of your account was stopped.",
        "Open the link in the email about it again", "help@example.org",
        kind="address", happened=HAPPENED,
    ),
    "change_undone": case(
        letters.change_undone, "addresses, username and second steps are as they were",
        "help@example.org", happened=HAPPENED,
    ),
    "change_kept": case(
        letters.change_kept, "The account is open again.", "help@example.org", happened=HAPPENED
    ),
    "limits_changed": case(
        letters_limits.limits_changed,
        "Nobody can sign in to your account until 24 December 2026, 01:00 (Berlin)",
        "Whoever asks for a new second step waits 21 days.", "no reset by email alone",
        "Until 1 December 2026, 01:00 (Berlin) that can be taken back", "On a device that is still",
        now_on=Limits(frozen_until=datetime(2026, 12, 24, tzinfo=UTC), recovery_days=21),
        changed=["frozen_until", "recovery_days"], waits=["resets_need_proof"],
        ready_at=datetime(2026, 12, 1, tzinfo=UTC), time_zone="Europe/Berlin", happened=HAPPENED,
    ),
    "loosening_taken_back": case(
        letters_limits.loosening_taken_back, "was taken back", happened=HAPPENED
    ),
    "sign_in_frozen": case(
        letters_limits.sign_in_frozen, "frozen sign-ins until 24 December 2026, 01:00 (Berlin)",
        "help@example.org", until=datetime(2026, 12, 24, tzinfo=UTC), time_zone="Europe/Berlin",
    ),
    "reset_held": case(
        letters.reset_held, "nothing is changed until that is settled", "help@example.org"
    ),
    "change_stopped_for_staff": case(
        letters.change_stopped_for_staff, "change to the account quiet-harbour-4821",
        "Its password had been changed.",
        username="quiet-harbour-4821", kind="password",
    ),
    **STAFF_CASES,
    "with_undo": case(
        letters.password_changed, "Not you? Stop it now", "It works for 7 days.",
        link=UNDO, kind="changed", happened=HAPPENED, undo=UNDO,
    ),
    "recovery_closed": case(
        recovery.recovery_closed, "stopped twice", "help@example.org", happened=HAPPENED
    ),
    "recovery_stopped": case(
        recovery.recovery_stopped, "Every device was signed out", "help@example.org",
        link="/accounts/password/reset/", happened=HAPPENED,
    ),
    "recovery_finished": case(
        recovery.recovery_finished, "took the place of all your second steps", "help@example.org",
        happened=HAPPENED,
    ),
}  # fmt: skip
READER = {"to": "sam@example.org", "language": "en", "name": "Sam Smith"}


def make(the_case: Case, **reader: Any) -> Letter:
    return the_case.make(**the_case.arguments, **(READER | reader))
