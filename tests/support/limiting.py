"""Limits that people of the tests set for themselves."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from tests.support import cast
from tests.support.visitor import Visitor

LOGIN, LIMITS, KEEP = "/accounts/login/", "/accounts/limits/", "/accounts/limits/keep/"


def in_days(days: int) -> str:
    return (timezone.now().date() + timedelta(days=days)).isoformat()


def sign_in(name: str = "alice", browser: Visitor | None = None) -> Visitor:
    browser = browser or Visitor()
    browser.post(LOGIN, {"login": name, "password": cast.PASSWORD})
    return browser


def save(browser: Visitor, **fields: Any) -> Any:
    """Post the page as it stands, but for `fields`; None takes one out."""
    page = browser.get(LIMITS)
    form = page.context["form"]
    posted = {name: form[name].value() for name in form.fields} | fields
    posted = {
        name: value.isoformat() if isinstance(value, date) else "on" if value is True else value
        for name, value in posted.items()
        if value not in (None, False)
    }
    return browser.post(LIMITS, shown_in(page) | posted)


def shown_in(page: Any) -> dict[str, str]:
    """What the page says that it showed, as its form sends it along."""
    hidden = r'<input type="hidden" name="(initial-\w+)" value="([^"]*)">'
    return dict(re.findall(hidden, page.content.decode()))


def limits_of(user: User) -> dict[str, Any]:
    user.refresh_from_db()
    names = ("frozen_until", "resets_need_proof", "passkey_for_changes", "recovery_days")
    return {name: value for name in names if (value := getattr(user, name))}
