"""What a sign-in may still lack after settings.LOGIN_STAGES: the last stages of the road."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts import redirects
from accounts.flows import must_change, required_phone


class NewPasswordStage(LoginStage):
    """Holds a sign-in whose password strangers know until a new one is chosen.

    SECURITY: behind the other stages. Whoever holds a breached password, and nothing else, must not
    be the one who chooses the next.
    """

    key = "new_password"
    urlname = "account_password_required"
    state: dict[str, Any]

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if not must_change.cause_of(self.login):
            return None, True
        self.state["since"] = must_change.hold(self.request, self.login)
        redirects.under_way(self.request, self.login.redirect_url)
        return HttpResponseRedirect(reverse(self.urlname)), True

    def still_waits(self) -> bool:
        return must_change.still_waits(self.request, self.login, self.state.get("since", 0))

    def is_resumable(self, request: HttpRequest) -> bool:
        """Else the sign-in page is what it is to everybody."""
        return self.still_waits()

    def abort(self) -> HttpResponse:
        must_change.give_up(self.request)
        return super().abort()


class PhoneStage(LoginStage):
    """Holds a sign-in, and the one that a sign-up ends in, until its person has a phone number, where
    the operator asks everybody for one. Whoever closes the browser is asked at the next sign-in."""

    key = "phone"
    urlname = "account_phone_required"
    state: dict[str, Any]

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if not required_phone.lacks(self.login):
            return None, True
        self.state["since"] = required_phone.hold(self.request)
        redirects.under_way(self.request, self.login.redirect_url)
        return HttpResponseRedirect(reverse(self.urlname)), True

    def still_waits(self) -> bool:
        return required_phone.still_waits(self.request, self.login, self.state.get("since", 0))

    def is_resumable(self, request: HttpRequest) -> bool:
        """Else the sign-in page is what it is to everybody."""
        return self.still_waits()

    def abort(self) -> HttpResponse:
        must_change.give_up(self.request)
        return super().abort()
