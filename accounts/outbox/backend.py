"""Django's mail API, ending in the outbox: whatever any code sends is a row like our letters."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models import OutgoingMail
from accounts.outbox.cleaning import one_line
from accounts.outbox.compose import Letter, new_message_id, on_the_wire, sealed_row

MESSAGE_ID_LENGTH = 300


class OutboxBackend(BaseEmailBackend):
    """Writes messages down, in the transaction of whoever sends them: one INSERT for all. Nothing
    is delivered here, so no mail server can slow a page down or fail it.

    Each recipient gets a row, so that one refused address does not decide for the others.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many messages were written; raises what the database raises, also under
        `fail_silently`: a lost letter is no small thing."""
        rows: list[OutgoingMail] = []
        written = 0
        for message in email_messages:
            letters = _letters(message)
            rows += map(sealed_row, letters)
            written += bool(letters)
        OutgoingMail.objects.bulk_create(rows)
        return written


def _letters(message: EmailMessage) -> list[Letter]:
    """`message` as one letter a recipient, all with the same bytes and Message-ID."""
    mime = message.message()
    message_id = str(mime["Message-ID"] or "")
    if len(message_id) > MESSAGE_ID_LENGTH or "Message-ID" not in message.extra_headers:
        # Django's own names this machine; ours names the site.
        message_id = new_message_id()
        del mime["Message-ID"]
        mime["Message-ID"] = message_id
    raw = on_the_wire(mime.as_bytes())
    return [
        Letter("other", message_id, recipient, "", raw, one_line(message.subject))
        for recipient in dict.fromkeys(message.recipients())
    ]
