"""What a sign-in may still lack after settings.LOGIN_STAGES: the last stage of the road."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.flows import must_change


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
        return HttpResponseRedirect(reverse(self.urlname)), True

    def still_waits(self) -> bool:
        return must_change.still_waits(self.request, self.login, self.state.get("since", 0))

    def is_resumable(self, request: HttpRequest) -> bool:
        """Else the sign-in page is what it is to everybody."""
        return self.still_waits()

    def abort(self) -> HttpResponse:
        must_change.give_up(self.request)
        return super().abort()
