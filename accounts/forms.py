"""The forms of getting in. They check shape; flows check the world."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core import context
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.botcheck import gate
from accounts.botcheck.trap import TrapMixin
from accounts.errors import leading_back
from accounts.fields import (
    AddressField,
    CodeField,
    CurrentPasswordField,
    IdentifierField,
    NameField,
    NewPasswordField,
    UsernameField,
)
from accounts.flows import must_change, password_reset, sign_in, sign_up
from accounts.identify import find_user_once
from accounts.known_devices import devices
from accounts.lockout import tries
from accounts.models import User
from accounts.passwords import advice, policy, slots
from accounts.redirects import safe_next
from accounts.requests import OwnRequest
from accounts.time_zones import Choice


class SignInForm(AllauthLoginForm):
    """P1: one page with both fields, one answer for every wrong pair."""

    # allauth's fields, which this form has not.
    password = remember = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.request = kwargs.pop("request", None)
        # Past allauth's own, which makes four fields that ours would take the place of: every
        # sign-in would pay for them.
        forms.Form.__init__(self, *args, **kwargs)
        self.fields = {
            "login": IdentifierField(autocomplete="username webauthn"),
            "password": CurrentPasswordField(label=_("Password")),
        }

    def user_credentials(self) -> dict[str, str]:
        data = self.cleaned_data
        return {"username": data["login"], "password": data["password"]}

    def _clean_with_password(self, credentials: dict[str, str]) -> dict[str, Any]:
        name = credentials["username"]
        if devices.find(self.request, find_user_once(self.request, name)) is None:
            gate.demand(self.request, gate.SIGN_IN, name)
        user = sign_in.prove(self.request, credentials["username"], credentials["password"])
        if user is None:
            self.add_error(
                "login",
                _(
                    "The email address, username or password is not right."
                    " Check them and try again."
                ),
            )
        else:
            self.user, self._login = user, Login(user=user)
        return self.cleaned_data

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        self._login.redirect_url = redirect_url
        must_change.note(self._login, self.cleaned_data["password"])
        sign_in.begin(request, self.user)
        record_authentication(request, self.user, method="password")
        return perform_login(request, self._login)


class SignUpForm(TrapMixin, forms.Form):
    """P4. It never asks whether an address or a username is taken. The owner of the address is told
    by letter; whoever has proved theirs chooses another username (facts: it is checked then)."""

    by_passkey = False

    name = NameField()
    email = AddressField(
        help_text=_("We use this to sign you in and to send security messages."),
        autocomplete="email",
    )
    username = UsernameField()
    password1 = NewPasswordField(label=_("Create a password"), empty=_("Enter a password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.POLICY_SIGNUP_USERNAME:
            del self.fields["username"]
            self.fields["email"].widget.attrs["autocomplete"] = "username"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        password = data.get("password1")
        if password:
            advice.show(self["password1"], password)
            try:
                policy.check(
                    password,
                    email=data.get("email", ""),
                    username=data.get("username", ""),
                    name=data.get("name", ""),
                )
            except ValidationError as error:
                self.add_error("password1", error)
        return data

    def try_save(self, request: HttpRequest) -> tuple[None, HttpResponse]:
        """allauth's seam: no user, but a response (facts: a pending row until confirmation)."""
        data = self.cleaned_data
        gate.demand(request, gate.SIGN_UP, data["email"], suspect=self.is_hasty)
        code_page = reverse("account_email_verification_sent")
        # An earlier sign-up of this browser has a code that works still.
        with leading_back(lambda: code_page if sign_up.SESSION_KEY in request.session else ""):
            sign_up.begin(
                request,
                email=data["email"],
                password=data["password1"],
                username=data.get("username", ""),
                name=data["name"],
                next_url=safe_next(request),
                by_person=not self.is_trapped,
            )
        return None, HttpResponseRedirect(code_page)


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


class ReauthenticateForm(AllauthReauthenticateForm):
    """P11."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"] = CurrentPasswordField(label=_("Password"))


class IdentifierForm(forms.Form):
    """Who is it? Nothing else is asked."""

    login = IdentifierField(autocomplete="username")


class ResetForm(TrapMixin, IdentifierForm):
    """P9."""


class CodeForm(forms.Form):
    """P5: the code of a letter; a username too, when the one that was chosen went meanwhile."""

    code = CodeField()
    username = UsernameField()

    def __init__(self, *args: Any, asks_username: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_username:
            del self.fields["username"]


class LinkForm(forms.Form):
    """The page of a mailed link: a button, and in another browser the password of the sign-up."""

    password = CurrentPasswordField(label=_("The password you chose"))
    username = UsernameField()

    def __init__(
        self,
        *args: Any,
        asks_password: bool = False,
        asks_username: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not asks_password:
            del self.fields["password"]
        if not asks_username:
            del self.fields["username"]


class AddressForm(forms.Form):
    """A3: another address for this person."""

    email = AddressField(autocomplete="email")


class ProfileForm(forms.Form):
    """A2."""

    name = NameField()
    language = forms.ChoiceField(label=_("Language"))
    time_zone = forms.ChoiceField(label=_("Time zone"))
    appearance = forms.ChoiceField(
        label=_("Appearance"),
        choices=[("", _("Same as the device")), ("light", _("Light")), ("dark", _("Dark"))],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, *args: Any, time_zones: list[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("language", settings.LANGUAGES), ("time_zone", time_zones)):
            cast(forms.ChoiceField, self.fields[name]).choices = choices
