"""A letter opened as its reader gets it."""

from __future__ import annotations

import email
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import cast

from accounts.outbox.letters import Letter


@dataclass(frozen=True)
class Opened:
    message: EmailMessage
    text: str
    html: str
    seen: str


class Page(HTMLParser):
    """What a person sees of the HTML, every attribute of it, and its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hrefs: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.hrefs += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def opened(letter: Letter) -> Opened:
    message = cast(EmailMessage, email.message_from_bytes(letter.raw, policy=policy.default))
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    page = html.get_content()
    seen = " ".join("".join(Page(page).words).split())
    return Opened(message, plain.get_content(), page, seen)


def flat(text: str) -> str:
    return " ".join(text.split())
