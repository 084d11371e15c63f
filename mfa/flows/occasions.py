"""What a second step is asked for: a sign-in under way, or a reset. Both are for somebody who is not
signed in and has shown a first proof."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any, cast

from allauth.account.stages import LoginStageController
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.errors import SecondStepMissing
from accounts.flows import password_reset
from accounts.models import User
from accounts.sessions import guard, proofs
from accounts.step_up import record
from audit import trail
from audit.events import Event
from mfa import policy
from mfa.flows import second_step, trusted
from mfa.stage import SecondFactorStage

# A reset that waits for the second step, and one that has it, by the session.
RESET = "mfa_reset"
RESET_SECONDS = 600


MAILBOX = frozenset({"mailed_code"})
PHONE = frozenset({"texted_code"})


class Occasion:
    """`way` is what the second step is for; `state` is kept between requests."""

    way = ""
    # What proves nothing here: the first proof was the mailbox, and would be both.
    refuses: frozenset[str] = frozenset()
    user: User
    state: MutableMapping[str, Any]

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def attempt(self) -> str:
        """The name under which wrong codes are counted."""
        if "attempt" not in self.state:
            self.state["attempt"] = second_step.new_attempt()
            self.keep()
        return str(self.state["attempt"])

    @property
    def sent(self) -> list[str]:
        """The ways by which a code was sent to this browser."""
        return list(self.state.get("sent", []))

    @sent.setter
    def sent(self, ways: list[str]) -> None:
        self.state["sent"] = sorted(set(ways))
        self.keep()

    @property
    def renewed(self) -> list[str]:
        """The ways by which a code went out by itself, because one that was typed had run out."""
        return list(self.state.get("renewed", []))

    @renewed.setter
    def renewed(self, ways: list[str]) -> None:
        self.state["renewed"] = sorted(set(ways))
        self.keep()

    def keep(self) -> None:
        """Let what stands in `state` be there at the next request."""
        self.request.session.modified = True

    def check(self, method: str) -> None:
        """Raise SecondStepMissing for what proves nothing here."""
        if method in self.refuses:
            raise SecondStepMissing

    def proved(self, method: str, *, trust: bool = False) -> HttpResponse:
        """Go on: the second step is proved. `trust`: this browser need not be asked again."""
        raise NotImplementedError

    def give_up(self) -> HttpResponse:
        """It is over; whoever goes on begins anew."""
        raise NotImplementedError


class SignIn(Occasion):
    way = "sign_in"

    def __init__(self, request: HttpRequest, stage: SecondFactorStage) -> None:
        super().__init__(request)
        self.stage, self.user = stage, cast(User, stage.login.user)
        self.state = stage.state
        proved = proofs.of_request(request, self.user)
        if any(one["method"] == "code" for one in proved):
            self.refuses = MAILBOX

    def keep(self) -> None:
        self.stage.keep()

    def proved(self, method: str, *, trust: bool = False) -> HttpResponse:
        self.check(method)
        record(self.request, self.user, method)
        if trust and method != "recovery_code":
            trusted.trust(self.request, self.user)
        return cast(HttpResponse, self.stage.exit())

    def give_up(self) -> HttpResponse:
        return self.stage.abort()


class Reset(Occasion):
    way = "reset"

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request)
        self.user, self.state = user, request.session[RESET]
        self.refuses = MAILBOX | PHONE if self.state.get("by_text") else MAILBOX

    def proved(self, method: str, *, trust: bool = False) -> HttpResponse:
        """Back to the link's page, which saves the password now; under a new key, for whoever put
        their own into this browser must not find the page there (ASVS 7.2.4)."""
        self.check(method)
        guard.cycle(self.request)
        self.request.session[RESET] = {
            **_mark(self.user),
            "proved": True,
            "by_text": bool(self.state.get("by_text")),
            "back": self.state["back"],
        }
        trail.record(
            Event.SECOND_STEP_PROVED,
            subject=self.user,
            request=self.request,
            method=method,
            on_the_way=self.way,
        )
        return HttpResponseRedirect(self.state["back"])

    def give_up(self) -> HttpResponse:
        self.request.session.pop(RESET, None)
        return HttpResponseRedirect(reverse("account_login"))


def of(request: HttpRequest) -> Occasion | None:
    """What this browser is asked the second step for, or None."""
    if request.user.is_authenticated:
        # Somebody signed in may hold a reset link, for themselves or for another account of theirs.
        return _reset_of(request)
    stage = LoginStageController.enter(request, SecondFactorStage.key)
    if isinstance(stage, SecondFactorStage) and stage.still_waits():
        return SignIn(request, stage)
    return _reset_of(request)


def _reset_of(request: HttpRequest) -> Reset | None:
    waits = request.session.get(RESET)
    if not waits or waits.get("proved") or not _is_fresh(waits):
        return None
    user = User.objects.filter(pk=waits["user"], is_active=True).first()
    if user is None or user.credentials_version != waits["version"]:
        return None
    return Reset(request, user)


def second_step_of_a_reset(request: HttpRequest, user: User) -> str:
    """Where whoever holds a reset link must go first, '' for nowhere: a mailbox alone sets no new
    password for somebody with two-step sign-in (ASVS 6.4.3). RESET_STAGES names it."""
    if not (policy.takes_second_step(user) or user.resets_need_proof):
        return ""
    kept = request.session.get(RESET) or {}
    # SECURITY: what was proved in a reset by letter counts for no reset by text, where another text
    # would be the same proof twice. It is kept with the mark: the link in the session may be exchanged.
    by_text = password_reset.is_by_text(request)
    fits = _mark_fits(kept, user) and bool(kept.get("by_text")) == by_text
    if kept.get("proved") and _is_fresh(kept) and fits:
        return ""
    request.session[RESET] = {**_mark(user), "back": request.path, "by_text": by_text}
    return reverse("mfa_authenticate")


def _mark(user: User) -> dict[str, Any]:
    return {"user": user.pk, "version": user.credentials_version, "at": time.time()}


def _mark_fits(kept: dict[str, Any], user: User) -> bool:
    return (kept.get("user"), kept.get("version")) == (user.pk, user.credentials_version)


def _is_fresh(kept: dict[str, Any]) -> bool:
    return time.time() - kept.get("at", 0) <= RESET_SECONDS
