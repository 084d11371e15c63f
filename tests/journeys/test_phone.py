"""A phone number, from none to one and to none: without a script too, narrow and wide, in both themes;
and a password that a texted code resets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NUMBER, MASKED = "+447400123456", "+44 •••• ••3456"
NEW = "nine lanterns over the marsh"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (folder := tmp_path / "texts").mkdir()
    return folder


@pytest.fixture
def own_site(tmp_path: Path, texts: Path) -> Iterator[Site]:
    """A site where everybody must have a number, and texts are files."""
    switches = {"POLICY_PHONE_REQUIRED": "on", "POLICY_RESET_BY_TEXT": "on"}
    with Site(tmp_path / "site", TEXT_URL=f"file://{texts}", **switches) as running:
        yield running


def code_of_text(page: Page, folder: Path, *, number: int = 1) -> str:
    """The code of the text of that number, as the worker leaves it."""
    for _ in range(200):
        found = sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime)
        if len(found) >= number:
            said = json.loads(found[number - 1].read_text())
            assert said["to"] == NUMBER
            code = re.search(r"\b\d{6}\b", said["text"])
            assert code
            return code.group()
        page.wait_for_timeout(100)
    raise AssertionError("no text")


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_a_number_is_asked_for_changed_and_resets_a_password(
    open_page: Callable[..., Page], own_site: Site, texts: Path, has_script: bool
) -> None:
    own_site.person("phoebe")
    page = open_page(
        base_url=own_site.url,
        reduced_motion="reduce",
        java_script_enabled=has_script,
        viewport={"width": 320, "height": 900},
    )
    found: list[str] = []

    def look(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        if has_script:  # axe is a script itself
            for width in (1280, 320):
                page.set_viewport_size({"width": width, "height": 900})
                found.extend(looked_at(page, f"phone-{name}-{width}"))

    page.goto("/accounts/login/")
    fill(page, login="phoebe", password=cast.PASSWORD)
    press(page, "Sign in")
    look("Your phone number", "required")
    fill(page, number="12")
    press(page, "Send code")
    look("Your phone number", "required-wrong")
    fill(page, number="+44 7400 123456")
    press(page, "Send code")
    look("Enter the code we sent", "required-code")
    fill(page, code=code_of_text(page, texts))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")

    page.goto("/accounts/email/")
    look("Email addresses", "card")
    page.get_by_role("link", name="Change or remove it").click()
    look("Phone number", "page")
    expect(page.get_by_text(MASKED)).to_be_visible()
    page.get_by_role("link", name="Change number").click()
    look("Your phone number", "change")
    fill(page, number=NUMBER)
    press(page, "Send code")
    look("Your phone number", "change-own")
    fill(page, number="+447400123999")
    press(page, "Send code")
    look("Enter the code we sent", "code")
    press(page, "Send a new code")
    look("Enter the code we sent", "code-early")
    page.goto("/accounts/")
    press(page, "Sign out")

    page.goto("/accounts/password/reset/")
    look("Reset your password", "reset")
    fill(page, login="phoebe")
    press(page, "Send a code by text")
    look("Check your phone", "reset-code")
    fill(page, code=code_of_reset(page, texts))
    press(page, "Continue")
    look("Choose a new password", "reset-choose")
    for field in page.locator("input[type=password]").all():
        field.fill(NEW)
    press(page, "Save new password")
    page.goto("/accounts/login/")
    fill(page, login="phoebe", password=NEW)
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    assert not found, "\n".join(found)


def code_of_reset(page: Page, folder: Path) -> str:
    return code_of_text(page, folder, number=3)
