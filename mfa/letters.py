"""The letters of this room, one function each, with the arguments that all letters have
(accounts/outbox/letters.py). `about(request, user)` says those that most of them share."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.outbox.compose import Letter, compose
from accounts.outbox.letters import Happening, Reader, reader

# By what somebody got as far as the second step.
Had = Literal["password", "code", "link", "session"]
Kind = Literal["app", "passkey", "texted_code", "mailed_code"]


class About(TypedDict):
    """Reader, happening, and the page where second steps are seen to."""

    to: str
    language: str
    name: str
    subject_id: str
    link: str
    happened: Happening


def about(request: HttpRequest, user: User) -> About:
    return {
        **reader(user),  # type: ignore[typeddict-item]
        "link": settings.SITE_URL + reverse("mfa_security"),
        "happened": Happening.of(request, user=user),
    }


def two_step(
    *,
    on: bool,
    link: str,
    happened: Happening,
    factor: Kind | None = None,
    added: bool = False,
    named: str = "",
    **reader: Unpack[Reader],
) -> Letter:
    """E10: two-step sign-in was turned on or off by what `factor_changed` would tell of otherwise, or
    by new recovery codes: one deed is one letter."""
    facts = {"on": on, "factor": factor, "added": added, "named": named}
    return compose("two_step", link=link, happened=happened.rows, **facts, **reader)


def factor_changed(
    *,
    factor: Kind,
    added: bool,
    link: str,
    happened: Happening,
    named: str = "",
    **reader: Unpack[Reader],
) -> Letter:
    """E9, E10: a second step or a passkey came or went. `named` is what its owner called it."""
    facts = {"factor": factor, "added": added, "named": named}
    return compose("factor_changed", link=link, happened=happened.rows, **facts, **reader)


def passkey_stopped(
    *, link: str, happened: Happening, named: str, **reader: Unpack[Reader]
) -> Letter:
    """E9: there is a copy of a passkey, so it does not work any more."""
    return compose("passkey_stopped", named=named, link=link, happened=happened.rows, **reader)


def recovery_codes_made(*, link: str, happened: Happening, **reader: Unpack[Reader]) -> Letter:
    """E11: new ones were saved, those before are dead. Never the codes."""
    return compose("recovery_codes_made", link=link, happened=happened.rows, **reader)


def recovery_code_used(
    *, left: int, link: str, happened: Happening, **reader: Unpack[Reader]
) -> Letter:
    """E11: one was used, `left` are left."""
    return compose("recovery_code_used", left=left, link=link, happened=happened.rows, **reader)


def second_step_failed(
    *, had: Had, link: str, happened: Happening, **reader: Unpack[Reader]
) -> Letter:
    """E14: somebody `had` a first proof and failed the second step. `link`: where the password is
    reset, or the account secured from whoever is signed in."""
    return compose("second_step_failed", had=had, link=link, happened=happened.rows, **reader)
