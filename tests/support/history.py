"""What happened to people of the cast, and what their page of it says."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import text_of
from tests.support.trail import request_from
from tests.support.visitor import LOGIN, Visitor

PAGE = "/accounts/activity/"


def signed_in(browser: Visitor | None = None) -> Visitor:
    """Alice's browser."""
    browser = browser or Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return browser


def happens(person: User, event: Event, *, actor: User | None = None, **facts: Any) -> int:
    trail.record(event, subject=person, actor=actor, **{"request": request_from(), **facts})
    return newest()


def newest() -> int:
    return Entry.objects.order_by("-id").values_list("id", flat=True)[0]


def said(browser: Visitor, **asked: object) -> str:
    answer = browser.get(PAGE, asked)
    assert answer.status_code == 200
    return text_of(answer).partition("Activity What")[2].partition("Help")[0]


def entry(browser: Visitor, id: int) -> Any:
    return browser.get(f"{PAGE}{id}/")
