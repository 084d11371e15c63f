"""The errors of the outbox (accounts/outbox/errors.py) in words, for whoever looks at the queue."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

WHY: dict[str, Words] = {
    "too late": _("Its code had run out"),
    "lease ran out": _("Its worker broke off each time"),
    "SealBroken": _("It does not open: its key is missing, or it is damaged"),
    "UnicodeDecodeError": _("It does not open: it is damaged"),
    "SMTPRecipientsRefused": _("The mail server refuses the recipient"),
    "SMTPSenderRefused": _("The mail server refuses our sender"),
    "SMTPDataError": _("The mail server refuses the content"),
    "SMTPServerDisconnected": _("The mail server broke the connection"),
    "SMTPConnectError": _("The mail server turned us away"),
    "SMTPHeloError": _("The mail server turned us away"),
    "SMTPAuthenticationError": _("The mail server refuses our password"),
    "SMTPNotSupportedError": _("The mail server lacks what the message needs"),
    "SMTPResponseException": _("The mail server refused"),
    "TimeoutError": _("No answer in time"),
    "ConnectionRefusedError": _("Nobody listens there"),
    "ConnectionResetError": _("The connection was broken"),
    "gaierror": _("Its name is not found"),
    "SSLError": _("Its encryption is not right"),
    "SSLCertVerificationError": _("Its certificate is not right"),
    "ValueError": _("The address is none"),
    "NumberRefused": _("The text provider refuses the number"),
    "NotTaken": _("The text provider did not take it"),
    "TransportDown": _("The server cannot be used"),
    "OSError": _("It could not be handed over"),
}


def why(error: str) -> tuple[Words, str]:
    """What an error means, and its code for those who know it; itself where there are no words."""
    if error in WHY:
        return WHY[error], ""
    kind, _space, code = error.partition(" ")
    return (WHY[kind], code) if kind in WHY else (error, "")
