"""A form that was open too long, or whose session ended meanwhile, ends on a page with a way on. Back,
reload and two tabs: tests/journeys/test_ways_on.py."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import furnished, urls
from tests.support.every_page import switch_all_on
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

# What a script posts to is answered to the script.
ASKED_BY_SCRIPTS = "/begin/"
START_AGAIN = re.compile(r'<a class="button primary" href="([^"]*)">Start again</a>')


@pytest.fixture
def here(settings: Any) -> Visitor:
    switch_all_on(settings)
    return furnished.signed_in(furnished.furnished("sam"))


def forms(here: Visitor) -> list[str]:
    """Wherever a form may have been sent to."""
    paths = [path for path in urls.paths().values() if not path.startswith(furnished.ELSEWHERE)]
    sent = [path for path in paths if not path.endswith(ASKED_BY_SCRIPTS)]
    return [path for path in sent if here.get(path).status_code not in (404, 410)]


def test_a_form_that_was_open_too_long_leads_back_to_its_page(here):
    late = Visitor(enforce_csrf_checks=True)
    late.cookies = here.cookies
    for path in forms(here):
        refused = late.post(path)
        assert refused.status_code == 403 and "open too long" in text_of(refused), path
        (start,) = START_AGAIN.findall(refused.content.decode())
        assert here.get(start, follow=True).status_code == 200, path


def test_a_form_whose_session_ended_leads_through_sign_in_to_a_page(here):
    met = 0
    for path in forms(here):
        sent = Visitor().post(path).get("Location", "")
        if sent.startswith("/accounts/login/?next="):
            met += 1
            assert here.get(sent, follow=True).status_code == 200, path
    assert met > 20
