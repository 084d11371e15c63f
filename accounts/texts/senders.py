"""Who carries texts, as settings.TEXT_TRANSPORT names them: a console, a folder, a webhook of the
operator's, or a provider that speaks as Twilio does.

Each `send` returns when the text was taken. It raises NumberRefused where that number will never get
one, NotTaken where another try may help, and TransportDown where no text would be taken now. None of
them says whom a text was for, or what it said.
"""

from __future__ import annotations

import hmac
import json
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any, Protocol
from urllib.parse import urlencode

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.outbox.transport import TransportDown
from accounts.outside import NoAnswer, Question, Server

LONGEST_ANSWER = 65_536
# Our side refused, or too many at once: the next text would fare no better.
DOWN = (401, 403, 404, 405, 429, 502, 503, 504)
WEBHOOK_NEVER = (410, 422)
# Not a number, no mobile, or its holder said STOP. What else Twilio refuses is the sender, the account
# or the permission for a country: ours to mend. Codes we do not know are tried again: that is free.
TWILIO_NEVER = (21211, 21610, 21614)


class NumberRefused(Exception):
    """This number will never get it. `reply`: the server's code for that."""

    def __init__(self, reply: int) -> None:
        super().__init__(reply)
        self.reply = reply


class NotTaken(Exception):
    """It was not taken this time."""

    def __init__(self, reply: int) -> None:
        super().__init__(reply)
        self.reply = reply


class Sender(Protocol):
    """Hands one text over. `reference` is the same each time it is tried."""

    def send(self, text: str, to: str, reference: str) -> None:
        """Returns when it was taken, else raises as this module says."""


def provider() -> Server:
    """Theirs, not asked yet. One thread of a worker waits for it; more are those that hang."""
    return Server("The text provider", at_once=8, most_bytes=LONGEST_ANSWER)


PROVIDER = provider()


def available() -> bool:
    """Whether texts can be sent at all."""
    return bool(settings.TEXT_TRANSPORT)


class Texts:
    """The carrier of the outbox for texts. There is no connection to keep: it asks anew each time."""

    def __init__(self) -> None:
        self._sender: Sender | None = None

    def is_alive(self) -> bool:
        return self._sender is not None and not PROVIDER.is_left_alone

    def open(self) -> None:
        if not available():
            raise TransportDown("TEXT_URL is empty")
        if PROVIDER.is_left_alone:
            raise TransportDown("it did not answer three times")
        options = dict(settings.TEXT_TRANSPORT)
        self._sender = import_string(options.pop("backend"))(**options)

    def send(self, raw: bytes, recipient: str, message_id: str) -> None:
        assert self._sender is not None, "open() comes first"  # noqa: S101
        self._sender.send(raw.decode(), recipient, message_id)

    def close(self) -> None:
        self._sender = None


class Console:
    """For whoever develops: texts among the lines of the worker."""

    def send(self, text: str, to: str, reference: str) -> None:
        sys.stdout.write(f"Text to {to}:\n{text}\n")
        sys.stdout.flush()


class Folder:
    """One file a text, named after its reference, so that one delivered twice is one file. Readable
    by its owner only: it holds codes in clear."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def send(self, text: str, to: str, reference: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f"{reference}.part"
        kept = {"to": to, "text": text, "at": datetime.now(UTC).isoformat()}
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file, ensure_ascii=False)
        draft.replace(self.folder / f"{reference}.json")


class Webhook:
    """A JSON object for a program of the operator's, signed as Standard Webhooks has it: HMAC-SHA-256
    over id, timestamp and body, so that nobody else can have a text sent, or the same one again."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self.key = _webhook_key(secret)

    def send(self, text: str, to: str, reference: str) -> None:
        kept = {"to": to, "text": text, "reference": reference}
        body = json.dumps(kept, ensure_ascii=False).encode()
        moment = str(int(time()))
        signed = f"{reference}.{moment}.".encode() + body
        signature = b64encode(hmac.digest(self.key, signed, sha256)).decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": reference,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signature}",
        }
        status, _ = _asked(self.url, headers, body)
        if status in WEBHOOK_NEVER:
            raise NumberRefused(status)
        if not 200 <= status < 300:
            raise NotTaken(status)


class Twilio:
    """A form for https://…/2010-04-01/Accounts/{SID}/Messages.json with Basic authentication. A pool
    of senders (MG…) stands in the place of one."""

    def __init__(self, url: str, account: str, token: str, sender: str) -> None:
        self.url = f"{url}/2010-04-01/Accounts/{account}/Messages.json"
        basic = b64encode(f"{account}:{token}".encode()).decode()
        self.headers = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        is_pool = len(sender) == 34 and sender.startswith("MG")
        self.sender = {"MessagingServiceSid" if is_pool else "From": sender}

    def send(self, text: str, to: str, reference: str) -> None:
        form = urlencode({**self.sender, "To": to, "Body": text}).encode()
        status, body = _asked(self.url, self.headers, form)
        code = _code_of(body)
        if 200 <= status < 300:
            if code in TWILIO_NEVER:
                raise NumberRefused(code)
            return
        if 400 <= status < 500 and code in TWILIO_NEVER:
            raise NumberRefused(code)
        raise NotTaken(code or status)


def _asked(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer. Raises TransportDown where the next text would fare no better.

    SECURITY: a redirect is not followed, it is no answer: the code goes where TEXT_URL says.
    """
    asked = Question(url, lambda said: (200, said), headers, body, lambda *answer: answer)
    try:
        status, said = PROVIDER.ask(asked, seconds=settings.TEXT_TIMEOUT)
    except NoAnswer as error:
        raise TransportDown(str(error)) from None
    if status in DOWN or 300 <= status < 400:
        raise TransportDown(f"it answered {status}")
    return status, said


def _code_of(body: bytes) -> int:
    """Twilio's own number for what went wrong, beside its status; 0 without."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return 0
    found = (said.get("code") or said.get("error_code")) if isinstance(said, dict) else 0
    return found if isinstance(found, int) and 0 < found < 100_000 else 0


def _webhook_key(secret: str) -> bytes:
    """As the libraries for Standard Webhooks read it: `whsec_` and base64, else the text itself."""
    head, mark, encoded = secret.partition("whsec_")
    return b64decode(encoded, validate=True) if mark and not head else secret.encode()
