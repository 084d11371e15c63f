"""The seam with allauth: each method a line into our own rooms."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import redirects, step_up
from accounts.flows import sign_in
from accounts.models import User
from accounts.requests import OwnRequest


class AccountAdapter(DefaultAccountAdapter):
    """What allauth asks of a site. Everything it would send, count or say itself is off here:
    letters go through the outbox, limits through accounts.lockout, words stand in our templates."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_password": _("That password is not right."),
    }

    def is_ajax(self, request: HttpRequest) -> bool:
        """Nobody asks that way here: allauth's answers would carry the form back, passwords and all."""
        return False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.POLICY_SIGNUP_OPEN

    def is_safe_url(self, url: str | None) -> bool:
        return redirects.is_safe(url)

    def get_login_stages(self) -> list[str]:
        # What changes the account comes last, when everything is proved that is asked for.
        own = ["accounts.stages.NewPasswordStage", "accounts.stages.PhoneStage"]
        return [*settings.LOGIN_STAGES, *own]

    def login(self, request: HttpRequest, user: User) -> None:
        sign_in.finish(request, user, super().login)

    def logout(self, request: OwnRequest) -> None:
        sign_in.leave(request, super().logout)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth would count here, in the cache; axes counts in the backend chain."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """One hash, and no second look at people who are switched off."""
        identifier = credentials.get("username") or credentials.get("email") or ""
        return sign_in.compare(request, identifier, credentials.get("password", ""))

    def reauthenticate(self, user: User, password: str) -> bool:
        return sign_in.prove_again(self.request, user, password)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        if not user.is_authenticated:
            return []
        return step_up.pages(user)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        # By a query, not a message: a message would open a session for somebody just gone.
        return reverse("account_login") + "?signed_out=1"

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's own notices are not ours to show; our views say what happened."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        raise RuntimeError(f"allauth wanted to send {template_prefix}: every letter is ours")
