"""Every page there is outside of the desk: those that an address leads to, signed in and signed out,
and those that somebody waits on half way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.models import User
from tests.support import furnished, half_way
from tests.support.visitor import Visitor


def switch_all_on(settings: Any) -> None:
    """Whatever an operator may offer is offered."""
    settings.POLICY_MAILED_CODES = settings.POLICY_TEXTED_CODES = True
    settings.POLICY_SIGN_IN_BY_CODE = settings.POLICY_RESET_BY_TEXT = True
    settings.POLICY_LETTERS_PER_HOUR = 60
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}


def every_page(user: User) -> Iterator[tuple[str, Visitor]]:
    """Each as its path and the browser that may look at it now; the next one may move on with it."""
    here, visitor = furnished.signed_in(user), Visitor()
    for path in sorted(set(furnished.paths_of(user).values())):
        for browser in (here, visitor):
            answer = browser.get(path)
            if answer.status_code == 200 and "text/html" in answer["Content-Type"]:
                yield path, browser
    for walk in half_way.PAGES:
        yield from walk(user)
