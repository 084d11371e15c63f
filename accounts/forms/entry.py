"""Getting in: who is it, the proof, and what comes by letter."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
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
    DigitCodeField,
    IdentifierField,
    NewPasswordField,
    TermsField,
)
from accounts.flows import must_change, sign_in, sign_up, terms
from accounts.identify import find_user_once
from accounts.known_devices import devices
from accounts.name_fields import NameField, UsernameField
from accounts.passwords import advice, policy
from accounts.redirects import safe_next


class SignInForm(AllauthLoginForm):
    """P1: one page with both fields, one answer for every wrong pair."""

    # allauth's fields, which this form has not.
    password = remember = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.request = kwargs.pop("request", None)
        # Past allauth's own, which makes fields that ours would take the place of: every sign-in
        # would pay for them.
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
    terms = TermsField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.TERMS is None:
            del self.fields["terms"]
        if not settings.POLICY_SIGNUP_USERNAME:
            del self.fields["username"]
            self.fields["email"].widget.attrs["autocomplete"] = "username"

    @property
    def terms_shown(self) -> str:
        """Of which text the page shows the link: a text that changed meanwhile was not read."""
        return settings.TERMS.digest if settings.TERMS else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("terms") and self.data.get("terms_shown") != self.terms_shown:
            self.add_error("terms", _("The terms have just changed. Read them before you agree."))
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
                terms_agreed=terms.mark_of(self.terms_shown) if data.get("terms") else "",
                by_person=not self.is_trapped,
            )
        return None, HttpResponseRedirect(code_page)


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


class SignInCodeForm(TrapMixin, IdentifierForm):
    """P2, its first page."""


class CodeForm(forms.Form):
    """P2, P5: the code of a letter; a username too, when the one that was chosen went meanwhile."""

    code = CodeField()
    username = UsernameField()

    def __init__(self, *args: Any, asks_username: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_username:
            del self.fields["username"]


class DigitCodeForm(forms.Form):
    """The code of an authenticator app or a text message; nothing else is asked."""

    code = DigitCodeField()


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
