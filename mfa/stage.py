"""The second step in allauth's road: whatever the first proof was, it waits here."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.stagekit import stash_login
from allauth.account.stages import LoginStage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts import redirects
from accounts.flows.sign_in import BEGAN_UNDER
from accounts.models import User
from accounts.sessions import proofs
from accounts.step_up import record
from mfa import policy
from mfa.flows import trusted


class SecondFactorStage(LoginStage):
    """Holds a sign-in until the second step is proved, where there is one to prove."""

    key = "second_factor"
    urlname = "mfa_authenticate"
    state: dict[str, Any]

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if not isinstance(user, User) or not policy.takes_second_step(user):
            return None, True
        proved = proofs.of_request(self.request, user)
        if proofs.has_second_step(proved, since=self.login.initiated_at - ROUNDING):
            return None, True
        if trusted.is_trusted(self.request, user):
            record(self.request, user, "trusted_device")
            return None, True
        redirects.under_way(self.request, self.login.redirect_url)
        return HttpResponseRedirect(reverse(self.urlname)), True

    def still_waits(self) -> bool:
        """Whether what was proved before still counts: under these credentials only."""
        user = self.login.user
        if not isinstance(user, User) or not user.is_active:
            return False
        return self.request.session.get(BEGAN_UNDER) == user.credentials_version

    def is_resumable(self, request: HttpRequest) -> bool:
        """Else the sign-in page is what it is to everybody."""
        return self.still_waits()

    def keep(self) -> None:
        """Let what stands in `state` be there at the next request."""
        stash_login(self.request, self.login)

    def abort(self) -> HttpResponse:
        self.request.session.pop(BEGAN_UNDER, None)
        super().abort()
        return redirects.to_sign_in_again(self.request)


# A passkey is proved a moment before the sign-in that it begins.
ROUNDING = 5
