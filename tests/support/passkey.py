"""An authenticator in software: real keys, real signatures, and every lie that a test asks of it."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers import base64url_to_bytes as read
from webauthn.helpers import bytes_to_base64url as write

from accounts.models import User
from mfa.models import Passkey
from tests.support.visitor import Visitor

SITE, ORIGIN = "testserver", "https://testserver"
MANAGE, ADD, BEGIN_ADD = (
    "/accounts/mfa/webauthn/",
    "/accounts/mfa/webauthn/add/",
    "/accounts/mfa/webauthn/add/begin/",
)
SIGN_IN, BEGIN_SIGN_IN = "/accounts/mfa/webauthn/login/", "/accounts/mfa/webauthn/login/begin/"
STEP, BEGIN_STEP = "/accounts/mfa/authenticate/", "/accounts/mfa/webauthn/authenticate/begin/"
STEP_UP, BEGIN_STEP_UP = (
    "/accounts/mfa/reauthenticate/?method=passkey",
    "/accounts/mfa/webauthn/reauthenticate/begin/",
)
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Authenticator:
    """One credential. `counts`: whether its counter goes on at each use; a password manager's is
    zero. What it answers is the JSON that a browser would hand to the page."""

    site: str = SITE
    origin: str = ORIGIN
    aaguid: str = "fbfc3007-154e-4ecc-8c0b-6e020557d7bd"
    is_synced: bool = True
    verifies: bool = True
    counts: bool = False
    sign_count: int = 0
    transports: tuple[str, ...] = ("internal", "hybrid")
    handle: str = ""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def create(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """What `navigator.credentials.create` would give for these options."""
        self.handle = options["user"]["id"]
        attested = uuid.UUID(self.aaguid).bytes + len(self.credential_id).to_bytes(2, "big")
        attested += self.credential_id + self.public_key
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED, attested)}
        response = {
            "clientDataJSON": self._client("webauthn.create", options),
            "attestationObject": write(cbor2.dumps(statement)),
            "transports": list(self.transports),
        }
        return self._credential(response, {"credProps": {"rk": True}}, lies)

    def get(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """What `navigator.credentials.get` would give."""
        if self.counts:
            self.sign_count += 1
        data = self._data(0, b"")
        client = self._client("webauthn.get", options)
        signed = data + hashlib.sha256(read(client)).digest()
        response = {
            "clientDataJSON": client,
            "authenticatorData": write(data),
            "signature": write(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": self.handle,
        }
        return self._credential(response, {}, lies)

    def _credential(
        self, response: dict[str, Any], results: dict[str, Any], lies: dict[str, Any]
    ) -> dict[str, Any]:
        named = write(self.credential_id)
        response |= {name: lies.pop(name) for name in list(lies) if name in response}
        return {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": results,
            **lies,
        }

    def _data(self, flags: int, attested: bytes) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        flags |= (ELIGIBLE | BACKED_UP) if self.is_synced else 0
        site = hashlib.sha256(self.site.encode()).digest()
        return site + bytes([flags]) + self.sign_count.to_bytes(4, "big") + attested

    def _client(self, kind: str, options: dict[str, Any]) -> str:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return write(json.dumps(said | {"crossOrigin": False}).encode())


def security_key(**facts: Any) -> Authenticator:
    """One to plug in, with a counter of its own."""
    return Authenticator(
        aaguid=str(uuid.UUID(int=0)),
        is_synced=False,
        counts=True,
        transports=("usb", "nfc"),
        **facts,
    )


def begin(browser: Visitor, path: str) -> dict[str, Any]:
    """The question, as the script gets it."""
    answer = browser.post(path)
    assert answer.status_code == 200, answer.content
    asked: dict[str, Any] = answer.json()
    return asked


def posted(asked: dict[str, Any], credential: Any) -> str:
    return json.dumps({"ceremony": asked["ceremony"], "credential": credential})


def add(browser: Visitor, device: Authenticator, **lies: Any) -> Any:
    """Register `device` in the account that `browser` is signed in to."""
    asked = begin(browser, BEGIN_ADD)
    return browser.post(ADD, {"code": posted(asked, device.create(asked["publicKey"], **lies))})


def sign_in(browser: Visitor, device: Authenticator, *, next: str = "", **lies: Any) -> Any:
    asked = begin(browser, BEGIN_SIGN_IN)
    code = posted(asked, device.get(asked["publicKey"], **lies))
    return browser.post(SIGN_IN, {"code": code, "next": next})


def second_step(browser: Visitor, device: Authenticator, **lies: Any) -> Any:
    asked = begin(browser, BEGIN_STEP)
    code = posted(asked, device.get(asked["publicKey"], **lies))
    return browser.post(STEP, {"method": "passkey", "code": code})


def step_up(browser: Visitor, device: Authenticator, *, next: str = "", **lies: Any) -> Any:
    asked = begin(browser, BEGIN_STEP_UP)
    code = posted(asked, device.get(asked["publicKey"], **lies))
    return browser.post(STEP_UP, {"code": code, "next": next})


def give(user: User, device: Authenticator, *, name: str = "iCloud Keychain") -> Passkey:
    """As if `user` had registered `device`; nothing else of theirs changes."""
    device.handle = write(WebAuthnUserHandle.get_handle_for_user(user))
    return Passkey.objects.create(
        user=user,
        name=name,
        credential_id=device.credential_id,
        public_key=device.public_key,
        aaguid=device.aaguid,
        sign_count=device.sign_count,
        transports=list(device.transports),
        discoverable=True,
        backup_eligible=device.is_synced,
        backup_state=device.is_synced,
    )
