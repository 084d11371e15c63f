"""What this room keeps of a person (settings.PERSONAL_DATA)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django_otp_webauthn.models import WebAuthnUserHandle

from accounts.activity.words import METHODS
from accounts.devices import device_label
from accounts.exports.said import one_of
from accounts.models import User
from accounts.personal_data import LeftOut, PersonalData, Row, Section, Words, in_pieces
from audit.sealing import SealBroken
from mfa.flows import wiping
from mfa.models import (
    AuthenticatorApp,
    MailedCode,
    Passkey,
    PasskeyOffer,
    RecoveryCode,
    RecoveryCodes,
    RecoveryRequest,
    TextedCode,
    TrustedBrowser,
)

KINDS: dict[str, Words] = {**METHODS, "recovery_codes": _("Recovery codes")}


def _second_steps(user: User) -> Iterator[Row]:
    for app in AuthenticatorApp.objects.filter(user=user):
        yield _step("app", app.name, app.created_at, app.last_used_at)
    for texted in TextedCode.objects.filter(user=user):
        yield _step("texted_code", _number(texted), texted.created_at, texted.last_used_at)
    for mailed in MailedCode.objects.filter(user=user):
        yield _step("mailed_code", user.email, mailed.created_at, mailed.last_used_at)
    for codes in RecoveryCodes.objects.filter(user=user):
        left = RecoveryCode.objects.filter(codes=codes, used_at=None).count()
        yield _step("recovery_codes", "", codes.created_at, codes.last_used_at, left=left)


def _step(
    kind: str, name: str, added_at: datetime, last_used_at: datetime | None, left: int | None = None
) -> Row:
    return {
        "kind": kind,
        "name": name,
        "added_at": added_at,
        "last_used_at": last_used_at,
        "unused": left,
    }


def _number(texted: TextedCode) -> str:
    """Empty where its key is gone: the rest of the copy is no worse for it."""
    try:
        return texted.opened_number
    except SealBroken:
        return ""


def _passkeys(user: User) -> Iterator[Row]:
    for row in Passkey.objects.filter(user=user).order_by("pk"):
        yield {
            "name": row.name,
            "added_at": row.created_at,
            "last_used_at": row.last_used_at,
            "last_used_on": row.last_used_on,
            "synced": row.is_synced,
            "stopped": not row.confirmed,
            "identifier": row.written_id,
            "model": str(row.aaguid),
        }


def _passkey_offers(user: User) -> Iterator[Row]:
    rows = PasskeyOffer.objects.filter(user=user)
    yield from rows.values("times", "last_at", "is_declined")


def _trusted(user: User) -> Iterator[Row]:
    for row in in_pieces(TrustedBrowser.objects.filter(user=user)):
        yield {
            "device": device_label(row.user_agent),
            "browser_said": row.user_agent,
            "trusted_since": row.created_at,
            "last_used_at": row.last_used_at,
            "trusted_until": row.expires_at,
        }


def _recoveries(user: User) -> Iterator[Row]:
    for row in in_pieces(RecoveryRequest.objects.filter(user=user)):
        yield {
            "state": row.state,
            "requested_at": row.requested_at,
            "ready_at": row.ready_at,
            "ends_at": row.ends_at,
            "closed_at": row.closed_at,
        }


SECTIONS = (
    Section(
        "second-steps",
        _("Second steps"),
        {
            "kind": _("Kind"),
            "name": _("Name, number or address"),
            "added_at": _("Added"),
            "last_used_at": _("Last used"),
            "unused": _("Codes left"),
        },
        _second_steps,
        said={"kind": one_of(KINDS)},
        tables=(
            "mfa.AuthenticatorApp",
            "mfa.TextedCode",
            "mfa.MailedCode",
            "mfa.RecoveryCodes",
            "mfa.RecoveryCode",
        ),
    ),
    Section(
        "passkeys",
        _("Passkeys"),
        {
            "name": _("Name"),
            "added_at": _("Added"),
            "last_used_at": _("Last used"),
            "last_used_on": _("Last used on"),
            "synced": _("Synced to other devices"),
            "stopped": _("Stopped"),
            "identifier": _("Identifier"),
            "model": _("Model"),
        },
        _passkeys,
        tables=("mfa.Passkey",),
    ),
    Section(
        "passkey-offers",
        _("Offers of a passkey"),
        {"times": _("How often"), "last_at": _("Last"), "is_declined": _("Declined")},
        _passkey_offers,
        tables=("mfa.PasskeyOffer",),
    ),
    Section(
        "trusted-devices",
        _("Devices that are not asked for the second step"),
        {
            "device": _("Device"),
            "browser_said": _("What the browser calls itself"),
            "trusted_since": _("Trusted since"),
            "last_used_at": _("Last used"),
            "trusted_until": _("Trusted until"),
        },
        _trusted,
        tables=("mfa.TrustedBrowser",),
    ),
    Section(
        "recovery-requests",
        _("Requests for a new second step"),
        {
            "state": _("State"),
            "requested_at": _("Asked for"),
            "ready_at": _("Can be used from"),
            "ends_at": _("And until"),
            "closed_at": _("Over since"),
        },
        _recoveries,
        said={"state": one_of(dict(RecoveryRequest.State.choices))},
        tables=("mfa.RecoveryRequest",),
    ),
)

LEFT_OUT = (
    LeftOut(
        _("The secret in your authenticator app, and your recovery codes"),
        _("Whoever has them can prove your second step. Of recovery codes only digests are kept."),
        tables=("mfa.AuthenticatorApp", "mfa.RecoveryCodes", "mfa.RecoveryCode"),
    ),
    LeftOut(
        _("The public keys of your passkeys, and the number your authenticators know you by"),
        _("They are of no use outside of this site."),
        tables=("mfa.Passkey", "django_otp_webauthn.WebAuthnUserHandle"),
    ),
    LeftOut(
        _("Keys of trusted devices, and of links that stop a request"),
        _("Whoever has them passes for your device, or stops your request. Only digests are kept."),
        tables=("mfa.TrustedBrowser", "mfa.RecoveryStopKey"),
    ),
)


def erase(user: User) -> None:
    wiping.remove_all(user)
    for model in (PasskeyOffer, RecoveryRequest, WebAuthnUserHandle):
        model._base_manager.filter(user=user).delete()


DATA = PersonalData(sections=SECTIONS, erase=erase, left_out=LEFT_OUT)
