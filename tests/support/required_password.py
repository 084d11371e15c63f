"""Alice's way through the page on which a new password is required."""

from __future__ import annotations

from django.http import HttpResponse

from audit.models import Entry
from tests.support import cast
from tests.support.visitor import Visitor

LOGIN = "/accounts/login/"
PAGE = "/accounts/password/required/"
OVERVIEW = "/accounts/"
NEW = "eleven copper weathercocks"
ALSO_BREACHED = "twelve rusty weathercocks"


def sign_in(browser: Visitor, password: str = cast.PASSWORD, **extra: str) -> HttpResponse:
    return browser.post(LOGIN, {"login": "alice", "password": password} | extra)


def choose(browser: Visitor, new: str = NEW, second: str = "", **extra: str) -> HttpResponse:
    return browser.post(PAGE, {"password1": new, "password2": second or new} | extra)


def is_signed_in(browser: Visitor) -> bool:
    return browser.get(OVERVIEW).status_code == 200


def events() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("event", flat=True))
