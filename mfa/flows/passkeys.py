"""Adding, naming and removing passkeys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers import bytes_to_base64url

from accounts.models import User
from accounts.requests import OwnRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof, record
from audit import trail
from audit.events import Event
from mfa import factors, letters
from mfa.devices.passkey import MOST
from mfa.devices.webauthn import Helper
from mfa.flows import ceremonies, changes
from mfa.flows.ceremonies import Answer
from mfa.models import Passkey


class EnoughPasskeys(Exception):
    """The person has as many as they may have."""


class AlreadyThere(Exception):
    """This credential is somebody's already: theirs, or another's."""


def held_by(user: User) -> list[Passkey]:
    """All of them, those that were stopped too; newest last."""
    return list(Passkey.objects.filter(user=user).order_by("pk"))


def accepted(user: User) -> dict[str, Any]:
    """What password managers may be told that this site knows of (signalAllAcceptedCredentials)."""
    handle = WebAuthnUserHandle.objects.filter(user=user).first()
    return {
        "handle": bytes_to_base64url(handle.handle) if handle else "",
        "ids": [one.written_id for one in held_by(user)],
    }


def ask_to_add(request: OwnRequest) -> dict[str, Any]:
    """The question that makes a new passkey. Raises ReauthenticationRequired, EnoughPasskeys."""
    demand_fresh_proof(request)
    user = request.user
    _demand_room(user)
    options, _state = Helper(request).register_begin(user)
    return ceremonies.begin(request, "register", user, options)


def add(request: OwnRequest, answer: Answer) -> Passkey:
    """Keep the passkey that was made: it is proved by being made, for this session too.

    Raises ReauthenticationRequired, CeremonyOver, NotProved, EnoughPasskeys, AlreadyThere, and what
    `changes.make` does."""
    user = request.user
    demand_fresh_proof(request)
    challenge = ceremonies.take(request, "register", user, answer)
    made = Helper(request).registered(user, challenge, answer["credential"])
    _demand_room(user)
    digest = Passkey.get_credential_id_sha256(made.credential_id)
    if Passkey.objects.filter(credential_id_sha256=digest).exists():
        raise AlreadyThere
    before = factors.of(user)
    record(request, user, "passkey")
    try:
        changes.make(
            request,
            Event.FACTOR_ADDED,
            lambda user: made.save(force_insert=True),
            after=replace(before, passkeys=(*before.passkeys, made)),
            tell=letters.factor_changed,
            about={"factor": "passkey", "added": True, "named": made.name},
            factor="passkey",
        )
    except IntegrityError as error:
        raise AlreadyThere from error
    return made


def _demand_room(user: User) -> None:
    if Passkey.objects.filter(user=user).count() >= MOST:
        raise EnoughPasskeys


def rename(request: OwnRequest, passkey: Passkey, name: str) -> bool:
    """Give it another name; False if it has that one. How the account is reached does not change.
    Raises ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    if passkey.name == name:
        return False
    user = request.user
    with transaction.atomic():
        guard.still_alive(request)
        Passkey.objects.filter(pk=passkey.pk, user=user).update(name=name)
        trail.record(
            Event.FACTOR_RENAMED, actor=user, subject=user, request=request, factor="passkey"
        )
    return True


def remove(request: OwnRequest, passkey: Passkey) -> None:
    """Take it away. Raises LastWayIn and what `changes.make` does."""
    user = request.user
    demand_fresh_proof(request)
    before = factors.of(user)
    changes.make(
        request,
        Event.FACTOR_REMOVED,
        lambda user: Passkey.objects.filter(pk=passkey.pk, user=user).delete(),
        after=before.without_passkey(passkey.pk),
        before=before,
        tell=letters.factor_changed,
        about={"factor": "passkey", "added": False, "named": passkey.name},
        end_others=True,
        factor="passkey",
    )
