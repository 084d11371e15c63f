"""The scripts of passkeys, which only the pages with a form of them load: small, and no sink."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

SCRIPTS = sorted((Path(settings.BASE_DIR) / "static/passkeys").glob("*.js"))
SINKS = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "import '")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda one: one.name)
def test_each_stays_small_and_makes_no_markup_from_text(script):
    text = script.read_text()
    assert len(text.splitlines()) <= 80
    assert [sink for sink in SINKS if sink in text] == []


def test_the_page_of_a_first_visit_loads_one_of_them(client, db):
    page = client.get("/accounts/login/").content.decode()
    assert page.count("<script") == 2 and page.count('src="/static/passkeys/ask') == 1
    assert (SCRIPTS[0].name, SCRIPTS[0].stat().st_size < 4_000) == ("ask.js", True)
