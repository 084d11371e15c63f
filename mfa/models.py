"""The tables of this room; each model stands with its device."""

from mfa.devices.app import AuthenticatorApp
from mfa.devices.passkey import Passkey, PasskeyOffer
from mfa.devices.recovery_codes import RecoveryCode, RecoveryCodes
from mfa.devices.sent_codes import MailedCode, TextedCode
from mfa.devices.trusted_browser import TrustedBrowser
from mfa.recovery.models import RecoveryRequest, RecoveryStopKey

__all__ = [
    "AuthenticatorApp",
    "MailedCode",
    "Passkey",
    "PasskeyOffer",
    "RecoveryCode",
    "RecoveryCodes",
    "RecoveryRequest",
    "RecoveryStopKey",
    "TextedCode",
    "TrustedBrowser",
]
