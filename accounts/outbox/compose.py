"""From a letter's templates to the finished message: rendered once, sealed, never touched again.

Message-ID and Date are fixed here, so that a letter delivered twice (a worker killed between the
server's yes and its own note) is one letter to the reader's mail program.
"""

from __future__ import annotations

import re
import secrets
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import QP, Charset
from email.utils import format_datetime, formataddr
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Engine
from django.utils import timezone, translation
from django.utils.html import format_html

from accounts.language import known_language
from accounts.models import OutgoingMail
from accounts.outbox import references
from accounts.outbox.cleaning import name_for_greeting, one_line
from audit import sealing
from audit.sealed import SealedColumn

TEXT_WIDTH = 72
# Facts written in a direction of their own: left to itself, a full stop after a Latin name goes to
# the wrong side of it in a right-to-left sentence.
OWN_DIRECTION = (
    *("name", "username", "old", "new", "to", "reason", "site_host", "support_email"),
    *("reference", "named"),
)
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"

# 7-bit on the wire: relays that cannot carry 8 bits would rewrite the body and break its signature.
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


@dataclass(frozen=True)
class Message:
    """What goes to one recipient. `raw` is what the transport hands over, byte for byte."""

    kind: str
    message_id: str
    recipient: str
    subject_id: str
    raw: bytes
    # After that it is not sent any more.
    expires_at: datetime | None = field(default=None, kw_only=True)

    channel: ClassVar[OutgoingMail.Channel]

    def put(self, *, wanted: bool = True) -> OutgoingMail:
        """Write the message into the outbox: one INSERT, which belongs into the act's transaction.

        Whether it is sent is then as certain as whether the act happened. One that is not `wanted`
        is written all the same and never sent, so that the work does not tell which it was."""
        row = sealed_row(self)
        if not wanted:
            row.state, row.finished_at = OutgoingMail.State.UNWANTED, row.created_at
        row.save(force_insert=True)
        return row


@dataclass(frozen=True)
class Letter(Message):
    """A finished letter. `raw` is its complete RFC 5322 form with CRLF."""

    subject: str
    # What its reader asks by whether it is ours; empty for what other code sends.
    reference: str = field(default="", kw_only=True)

    channel = OutgoingMail.Channel.LETTER

    def put(self, *, wanted: bool = True) -> OutgoingMail:
        """As any message, and one INSERT more, by which its reference is known from then on."""
        row = super().put(wanted=wanted)
        if self.reference:
            references.remember(row, self.reference, self.recipient)
        return row


def sealed_row(message: Message) -> OutgoingMail:
    """The unsaved row of a message, what it says and whom it reaches sealed to its Message-ID."""
    return OutgoingMail(
        channel=message.channel,
        message_id=message.message_id,
        letter=message.kind,
        subject_id=message.subject_id,
        recipient=sealing.seal(message.recipient.encode(), context=recipient_context(message)),
        body=sealing.seal(message.raw, context=body_context(message)),
        expires_at=message.expires_at,
    )


def body_context(mail: Message | OutgoingMail) -> str:
    return f"outbox.body:{mail.message_id}"


def recipient_context(mail: Message | OutgoingMail) -> str:
    return f"outbox.recipient:{mail.message_id}"


BODIES = SealedColumn("letters", OutgoingMail, "body", body_context, reads=("message_id",))
RECIPIENTS = SealedColumn(
    "recipients of letters", OutgoingMail, "recipient", recipient_context, reads=("message_id",)
)


def compose(
    kind: str,
    *,
    to: str,
    language: str,
    name: str = "",
    subject_id: str = "",
    link: str = "",
    undo: str = "",
    **facts: Any,
) -> Letter:
    """Render templates/mail/<kind>/ in the reader's language. Sends nothing and writes nothing.

    A letter has one link: `undo`, which stops the change that it tells of, takes the place of any.

    Raises ValueError for a link that does not lead to this site."""
    reference = references.draw()
    with translation.override(known_language(language) or settings.LANGUAGE_CODE):
        where = undo or link
        context = _context(to=to, name=name, link=site_link(where) if where else "")
        context |= {"undo_days": settings.POLICY_UNDO_DAYS} | facts | {"undo": bool(undo)}
        context["reference"] = reference
        subject = one_line(_rendered(kind, "subject.txt", context))
        text = wrapped(_rendered(kind, "message.txt", context))
        html = _rendered(kind, "message.html", context | {"subject": subject})
        spoken = translation.get_language() or settings.LANGUAGE_CODE
    message_id = new_message_id()
    message = EmailMultiAlternatives(
        subject,
        text,
        from_email=sender(),
        to=[to],
        reply_to=[settings.SUPPORT_EMAIL] if settings.SUPPORT_EMAIL else None,
        headers={
            "Message-ID": message_id,
            "Date": format_datetime(timezone.now()),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
            "Content-Language": spoken,
        },
        alternatives=[(html, "text/html")],
    )
    message.encoding = _UTF8
    raw = on_the_wire(message.message().as_bytes())
    return Letter(kind, message_id, to, subject_id, raw, subject, reference=reference)


def on_the_wire(raw: bytes) -> bytes:
    """`raw` with the line ends that SMTP wants (RFC 5321 2.3.8)."""
    return re.sub(rb"\r?\n", b"\r\n", raw)


def _context(*, to: str, name: str, link: str) -> dict[str, Any]:
    bidi = translation.get_language_bidi()
    return {
        "lang": translation.get_language() or settings.LANGUAGE_CODE,
        "dir": "rtl" if bidi else "ltr",
        # "start" is unknown to some mail programs that still matter.
        "start": "right" if bidi else "left",
        "end": "left" if bidi else "right",
        "site_name": one_line(settings.SITE_NAME),
        "site_host": settings.SITE_HOST,
        "support_email": settings.SUPPORT_EMAIL,
        "to": to,
        "name": name_for_greeting(name),
        "link": link,
    }


def _rendered(kind: str, part: str, context: dict[str, Any]) -> str:
    """Text parts are not escaped for HTML, the HTML part is: here, so that no template forgets."""
    template = Engine.get_default().get_template(f"mail/{kind}/{part}")
    is_html = part.endswith(".html")
    if is_html:
        context = context | _isolated(context, partial(format_html, "<bdi>{}</bdi>"))
    elif part == "message.txt" and context["dir"] == "rtl":
        marks = {"isolate": FIRST_STRONG_ISOLATE, "pop": POP_ISOLATE}
        context = (
            context | marks | _isolated(context, f"{FIRST_STRONG_ISOLATE}{{}}{POP_ISOLATE}".format)
        )
    return str(template.render(Context(context, autoescape=is_html)))


def _isolated(context: dict[str, Any], wrap: Callable[[Any], str]) -> dict[str, str]:
    return {fact: wrap(context[fact]) for fact in OWN_DIRECTION if context.get(fact)}


def wrapped(text: str) -> str:
    """`text` with long lines folded at spaces and no more than one empty line in a row.

    Lines that hold an address are left whole, so that they stay clickable."""
    lines: list[str] = []
    for line in map(str.rstrip, text.strip().splitlines()):
        if "://" in line or len(line) <= TEXT_WIDTH:
            lines.append(line)
        else:
            lines += textwrap.wrap(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def site_link(link: str) -> str:
    """`link` as an address under SITE_URL; raises ValueError for any other.

    SECURITY: a link made from the Host header would lead a reset key to whoever sent the request.
    """
    if link.startswith("/") and not link.startswith("//"):
        link = settings.SITE_URL + link
    if not link.startswith(settings.SITE_URL + "/") or not re.fullmatch(r"[\x21-\x7e]+", link):
        raise ValueError("A letter's link must lead to SITE_URL.")
    return link


def sender() -> str:
    """DEFAULT_FROM_EMAIL with its name quoted as a header needs it, whatever the site is called."""
    name, _, address = settings.DEFAULT_FROM_EMAIL.rpartition("<")
    local, _, domain = one_line(address).strip("<> ").rpartition("@")
    return formataddr((one_line(name).strip('" '), f"{local}@{_ascii_host(domain)}"), charset=_UTF8)


def _ascii_host(host: str) -> str:
    return host.encode("idna").decode("ascii")


def new_message_id() -> str:
    """A Message-ID nobody can guess, under the site's own host (RFC 5322 3.6.4)."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    domain = f"[{host}]" if ":" in host else _ascii_host(host)
    return f"<{secrets.token_hex(16)}@{domain}>"
