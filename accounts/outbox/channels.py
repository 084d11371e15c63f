"""What the one road out of the outbox has to know of letters, and of texts (accounts/texts)."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from django.conf import settings

from accounts.models import OutgoingMail
from accounts.outbox.errors import smtp_code
from accounts.outbox.transport import Transport
from audit.events import Event


class Carrier(Protocol):
    """The server behind the outbox, as one round of sending sees it."""

    def is_alive(self) -> bool:
        """Whether it was opened and still answers."""

    def open(self) -> None:
        """Get ready to send; raises TransportDown, so that an outage costs no message a try."""

    def send(self, raw: bytes, recipient: str, message_id: str) -> None:
        """Hand over one message; returns when it was taken, else raises."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True)
class Channel:
    """One kind of message with its server. `back_off` is the pause after the first, second …
    failure, its last one that for all further ones; `is_refusal` knows the server's lasting no to
    one message, `is_down` what means that the server is of no use for the next one either."""

    name: OutgoingMail.Channel
    what: str
    server: str
    carrier: Callable[[], Carrier]
    lease_time: Callable[[], timedelta]
    back_off: tuple[timedelta, ...]
    most_attempts: int
    most_refusals: int
    is_refusal: Callable[[Exception], bool]
    is_down: Callable[[Exception], bool]
    # Whether one that was given up keeps what it says, for an operator to send it after all.
    is_kept: bool
    given_up: Event
    fact: str  # of that event: which message it was


def _letter_lease() -> timedelta:
    """Longer than any send: the five answers a letter waits for, and one to spare."""
    return timedelta(seconds=6 * (settings.EMAIL_TIMEOUT or 20))


def _is_refusal(error: Exception) -> bool:
    """The server's lasting no to this recipient or content. A refused sender is our setting, and
    says nothing about the letter."""
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        return smtp_code(error) >= 500
    return isinstance(error, ValueError)  # no address, as far as the transport can tell


def _connection_is_lost(error: Exception) -> bool:
    """Whether the connection is of no more use: closed, timed out, or 421 (RFC 5321 3.8)."""
    answered = isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)
    return isinstance(error, OSError) and (not answered or smtp_code(error) == 421)


LETTERS = Channel(
    name=OutgoingMail.Channel.LETTER,
    what="Letter",
    server="The mail server",
    carrier=Transport,
    lease_time=_letter_lease,
    # In all a day and a half.
    back_off=tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 6 * 3600)),
    most_attempts=10,
    # A server that says 5xx means no (RFC 5321 4.2.1); greylists and mended mailboxes get two
    # chances.
    most_refusals=3,
    is_refusal=_is_refusal,
    is_down=_connection_is_lost,
    is_kept=True,
    given_up=Event.MAIL_DEAD,
    fact="letter",
)
