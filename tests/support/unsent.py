"""A form that somebody has open while their session ends."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from accounts.models import Session, User
from accounts.unsent import FIELD
from tests.support import cast
from tests.support.pages import text_of
from tests.support.visitor import Visitor

LOGIN, PROFILE = "/accounts/login/", "/accounts/profile/"
BACK = "What you typed is here again, and nothing has been saved yet."
TYPED = {
    "name": "Alice of Wonderland",
    "display_name": "Captain",
    "language": "en",
    "time_zone": "Europe/London",
    "appearance": "dark",
}


def mark_in(page: Any) -> str:
    found = re.search(rf'name="{FIELD}" value="([^"]+)"', page.content.decode())
    assert found, text_of(page)
    return unescape(found[1])


def value_in(page: Any, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]*>', page.content.decode())
    assert found, text_of(page)
    value = re.search(r' value="([^"]*)"', found[0])
    return unescape(value[1]) if value else ""


def signs_in(browser: Visitor, who: str, to: str = PROFILE) -> Any:
    sent = browser.post(f"{LOGIN}?next={to}", {"login": who, "password": cast.PASSWORD})
    return browser.get(sent["Location"])


def ends(alice: User) -> None:
    """As by her word on another device."""
    Session.objects.filter(user=alice).delete()


TEXTS = ("text", "email", "tel", "date", "url", "search")


class Typing(HTMLParser):
    """Each form that is posted, and the names of what people write into it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, set[str], bool]] = []
        self._open: list[Any] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = dict(attrs)
        if tag == "form":
            self._open = [one.get("action") or "", set(), False, one.get("method")]
        elif self._open is not None and tag in ("input", "textarea"):
            if one.get("name") == FIELD:
                self._open[2] = True
            is_text = tag == "textarea" or one.get("type", "text") in TEXTS
            is_code = one.get("autocomplete") == "one-time-code"
            if is_text and not is_code and "readonly" not in one:
                self._open[1].add(one.get("name") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open is not None:
            if self._open[3] == "post":
                self.forms.append((self._open[0], self._open[1], self._open[2]))
            self._open = None
