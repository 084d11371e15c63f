"""What this site asks of an authenticator, and what it believes of the answer.

django-otp-webauthn makes the questions and the records; py_webauthn, under it, checks signature,
origin, site, challenge and flags. Two things are done otherwise than in the library: nothing is saved
here (the flows save, in the transaction of the act), and the counter is left to the flows, because
py_webauthn compares it before the signature, when anybody could have written it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn import (
    base64url_to_bytes,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import User
from mfa.devices.authenticators import name_of
from mfa.devices.passkey import NAME_LENGTH, Passkey

CHALLENGE_BYTES = 32
LONGEST_ID = 1023  # WebAuthn 5.8.3, and what the columns bear
Options = dict[str, Any]


class NotProved(Exception):
    """The answer does not prove what was asked for; the cause is for whoever debugs it."""


@dataclass(frozen=True)
class Proof:
    """What a right answer says besides."""

    sign_count: int
    is_backed_up: bool
    # By PIN, face or finger; not only touched.
    is_verified: bool


class Helper(WebAuthnHelper):
    """The library's, with our questions."""

    def generate_challenge(self) -> bytes:
        return secrets.token_bytes(CHALLENGE_BYTES)

    def get_credential_name(self, user: Any) -> str:
        """What a password manager shows: the name this person signs in with."""
        return str(user.email)

    def get_credential_display_name(self, user: Any) -> str:
        return str(user.name or user.email)

    def get_generate_registration_options_kwargs(self, *, user: Any) -> Options:
        """One that its device finds by itself and that checks who holds it: it may be used alone, as
        both steps at once."""
        return {
            **super().get_generate_registration_options_kwargs(user=user),
            "authenticator_selection": AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        }

    def get_generate_authentication_options_kwargs(
        self, *, user: Any = None, require_user_verification: bool
    ) -> Options:
        """As a second step user verification is preferred and not required: the first proof is made,
        and a plain key without a finger or PIN is the possession that is asked for."""
        asked = super().get_generate_authentication_options_kwargs(
            user=None, require_user_verification=require_user_verification
        )
        asked["challenge"] = self.generate_challenge()
        if not require_user_verification:
            asked["user_verification"] = UserVerificationRequirement.PREFERRED
        if user is not None:
            own = Passkey.objects.filter(user=user, confirmed=True)
            recent = own.order_by(F("last_used_at").desc(nulls_last=True))
            asked["allow_credentials"] = recent.as_credential_descriptors()
        return asked

    def create_attestation(self, *args: Any, **kwargs: Any) -> None:
        """None is asked for, and none kept: whose device it is says nothing about who somebody is."""

    def register_complete(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("It would save at once; passkeys come by mfa.flows.passkeys.add alone.")

    def authenticate_complete(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("It would save at once; proofs are taken by mfa.flows.passkey_proofs.")

    # --- answers ----------------------------------------------------------------------------------

    def registered(self, user: User, challenge: str, data: dict[str, Any]) -> Passkey:
        """The passkey that was made for this challenge, not saved. Raises NotProved."""
        try:
            credential = parse_registration_credential_json(data)
            made = verify_registration_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.get_relying_party_domain(),
                expected_origin=self.get_allowed_origins(),
                require_user_verification=True,
            )
            # Else a key that no signature can be checked with would be found out at the next sign-in.
            key = decode_credential_public_key(made.credential_public_key)
            decoded_public_key_to_cryptography(key)
            passkey: Passkey = self.create_credential(user, made, credential, _plain(data))
        except Exception as error:  # hostile CBOR makes the parsers raise whatever they like
            raise NotProved from error
        if max(len(made.credential_id), len(made.credential_public_key)) > LONGEST_ID:
            raise NotProved
        if passkey.discoverable is False:
            raise NotProved
        passkey.name = name_of(passkey.aaguid, passkey.transports)[:NAME_LENGTH]
        return passkey

    def asserted(
        self, passkey: Passkey, challenge: str, data: dict[str, Any], *, verified: bool
    ) -> Proof:
        """What `passkey` signed for this challenge; `verified`: it must have checked who holds it.
        Raises NotProved."""
        try:
            response = verify_authentication_response(
                credential=data,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.get_relying_party_domain(),
                expected_origin=self.get_allowed_origins(),
                credential_public_key=bytes(passkey.public_key),
                credential_current_sign_count=0,
                require_user_verification=verified,
            )
        except Exception as error:  # as above
            raise NotProved from error
        return Proof(response.new_sign_count, response.credential_backed_up, response.user_verified)


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The one thing that the library reads of the client's own remarks, in the shape it expects."""
    remarks = data.get("clientExtensionResults")
    says = remarks.get("credProps") if isinstance(remarks, dict) else None
    is_found = says.get("rk") if isinstance(says, dict) else None
    return (
        {"clientExtensionResults": {"credProps": {"rk": is_found}}}
        if is_found in (True, False)
        else {}
    )


def id_in(data: Mapping[str, Any]) -> bytes:
    """The identifier that an answer names. Raises NotProved."""
    named = data.get("rawId")
    try:
        found = base64url_to_bytes(named) if isinstance(named, str) else b""
    except ValueError as error:
        raise NotProved from error
    if not 0 < len(found) <= LONGEST_ID:
        raise NotProved
    return found


def names_its_owner(data: Mapping[str, Any], user: User) -> bool:
    """Whether the answer carries the handle of `user`, as one that its device found by itself does
    (WebAuthn 7.2, step 6)."""
    response = data.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if not isinstance(handle, str):
        return False
    kept = WebAuthnUserHandle.objects.filter(user=user).values_list("handle_hex", flat=True).first()
    try:
        return base64url_to_bytes(handle).hex() == kept
    except ValueError:
        return False
