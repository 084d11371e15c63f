"""Choosing a password: a new one by a link, on the way in, or at will."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.fields import CurrentPasswordField, NewPasswordField
from accounts.flows import password_reset, undo_proofs
from accounts.lockout import tries
from accounts.models import ChangeSet, User
from accounts.passwords import advice, policy, slots
from accounts.requests import OwnRequest


class NewPasswordMixin(forms.Form):
    """Two fields for a new password and the box that ends the other sessions."""

    password1 = NewPasswordField(label=_("New password"))
    password2 = NewPasswordField(
        label=_("Type the new password again"),
        empty=_("Enter the new password a second time"),
        hint=False,
    )
    end_others = forms.BooleanField(
        label=_("Sign out my other devices"), required=False, initial=True
    )

    user: User

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, second = data.get("password1"), data.get("password2")
        if first:
            advice.show(self["password1"], first)
            try:
                policy.check(first, user=self.user)
            except ValidationError as error:
                self.add_error("password1", error)
        if first and second and first != second:
            self.add_error("password2", _("The two passwords do not match."))
        return data


class NewPasswordForm(NewPasswordMixin):
    """P10, reached by a reset link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.user = kwargs.pop("user", None)
        self.temp_key = kwargs.pop("temp_key", None)
        super().__init__(*args, **kwargs)

    def save(self) -> None:
        password_reset.finish(
            context.request,
            self.user,
            self.cleaned_data["password1"],
            end_others=self.cleaned_data["end_others"],
        )


class RequiredPasswordForm(NewPasswordMixin):
    """The page on the way in: the current password was just proved, and other sessions end anyway."""

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        self.request, self.user = request, user
        super().__init__(*args, **kwargs)
        del self.fields["end_others"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and self._is_current(data["password1"]):
            self.add_error("password1", _("This is your current password. Choose a different one."))
        return data

    def _is_current(self, password: str) -> bool:
        with slots.calling(tries.caller(self.request, self.user)):
            return self.user.check_password(password)


class PasswordChangeForm(NewPasswordMixin):
    """A5: the current password is the fresh proof, counted like any other guess."""

    field_order = ("oldpassword", "password1", "password2", "end_others")
    oldpassword = CurrentPasswordField(
        label=_("Current password"), empty=_("Enter your current password")
    )

    def __init__(self, *args: Any, request: OwnRequest, **kwargs: Any) -> None:
        self.request, self.user = request, request.user
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        # Last, and only if the rest is in order: every look at the password costs a try.
        if not self.errors and not get_adapter(self.request).reauthenticate(
            self.user, data["oldpassword"]
        ):
            self.add_error("oldpassword", _("The current password is not right."))
        return data


class UndoProofForm(forms.Form):
    """P18: something that was valid before the change. One field, so that nobody learns from the page
    what the account has."""

    proof = CurrentPasswordField(
        label=_("Your password from before then"),
        help_text=_(
            "Or a code of your authenticator app, or a recovery code, if you had them then."
        ),
    )


class UndoPasswordForm(NewPasswordMixin):
    """P18: whatever the password was, the account is put back under a new one, and all sessions end."""

    def __init__(self, *args: Any, request: HttpRequest, change: ChangeSet, **kwargs: Any) -> None:
        self.request, self.change, self.user = request, change, change.user
        super().__init__(*args, **kwargs)
        del self.fields["end_others"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and undo_proofs.is_old(self.request, self.change, data["password1"]):
            self.add_error(
                "password1", _("This password was in use before. Choose a different one.")
            )
        return data
