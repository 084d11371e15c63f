"""Chromium's own authenticator in software, as an open page meets it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

ASKED = "window.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable()"


class Virtual:
    """Built into the device by default. It answers at once; `answers(False)` lets it wait, as a
    person does who has not touched it, and `refuses()` lets every check of the person fail."""

    def __init__(self, page: Page, *, transport: str = "internal") -> None:
        # A page that asks what the device can do is answered first: it found none, and stays.
        page.wait_for_load_state()
        page.evaluate(ASKED)
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.name = made["authenticatorId"]

    def _send(self, method: str, **values: Any) -> dict[str, Any]:
        wanted = {"authenticatorId": self.name, **values}
        answer: dict[str, Any] = self.session.send(f"WebAuthn.{method}", wanted)
        return answer

    def answers(self, enabled: bool) -> None:
        self._send("setAutomaticPresenceSimulation", enabled=enabled)

    def refuses(self, yes: bool = True) -> None:
        self._send("setUserVerified", isUserVerified=not yes)

    def credentials(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = self._send("getCredentials")["credentials"]
        return kept

    def forget(self) -> None:
        self._send("clearCredentials")
