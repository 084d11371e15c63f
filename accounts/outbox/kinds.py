"""What each letter of this room is about, in words (accounts/panels.py)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LETTERS: dict[str, str | Promise] = {
    "activity_disowned": _("Somebody said that a sign-in was not them"),
    "address_changed": _("A change of your email addresses"),
    "address_taken": _("Your address was to be added to another account"),
    "already_registered": _("You already have an account"),
    "approval_answered": _("For staff: what you asked for was approved, or refused"),
    "approval_asked": _("For staff: a colleague needs your word"),
    "change_kept": _("A stopped change was kept"),
    "change_stopped": _("A change to your account was stopped"),
    "change_stopped_for_staff": _("For staff: a change to an account was stopped"),
    "change_undone": _("A change to your account was undone"),
    "confirm_address": _("A code to confirm an address"),
    "deletion": _("The deletion of your account"),
    "export_ready": _("A copy of your data is ready"),
    "failed_tries": _("Failed tries to sign in"),
    "limits_changed": _("A change of the limits of your account"),
    "loosening_taken_back": _("The limits of your account stay as they were"),
    "new_device": _("A sign-in on a new device"),
    "no_account": _("There is no account with this address"),
    "password_changed": _("A change of your password"),
    "phone_changed": _("A change of your phone number"),
    "reset_held": _("A password reset while a change is stopped"),
    "reset_password": _("A link to choose a new password"),
    "sign_in_code": _("A code that you asked for"),
    "sign_in_frozen": _("Sign-ins to your account are frozen"),
    "staff_changed": _("A change made by staff"),
    "staff_ends": _("The end of your time as staff"),
    "switched_off": _("Your account is switched off"),
    "unlock": _("A code to get in without waiting"),
    "username_changed": _("A change of your username"),
}
