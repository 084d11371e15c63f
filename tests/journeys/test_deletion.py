"""Somebody has their account deleted, and keeps it after all: with and without script, narrow and wide,
in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, letter, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def signs_in(page: Page, name: str) -> None:
    fill(page, login=name, password=cast.PASSWORD)
    press(page, "Sign in")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_account_is_set_to_be_deleted_and_kept(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    who = f"leaving{'' if script else 'plainly'}"
    site.person(who)
    page = open_page(
        java_script_enabled=script, reduced_motion="reduce", viewport={"width": 320, "height": 900}
    )
    found: list[str] = []

    def look(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        for width in (1280, 320) if script else ():
            page.set_viewport_size({"width": width, "height": 900})
            found.extend(looked_at(page, f"{name}-{width}"))

    page.goto("/accounts/login/")
    signs_in(page, who)
    page.goto("/accounts/delete/")
    look("Delete your account", "delete")
    press(page, "Delete my account")
    expect(page.get_by_role("alert")).to_contain_text("Tick the box")
    look("Delete your account", "delete-refused")
    page.get_by_label("I understand this cannot be undone after").focus()
    page.keyboard.press("Space")
    press(page, "Delete my account")
    look("Your account waits for its deletion", "delete-set")
    expect(page.get_by_role("main")).to_contain_text("Sign in before then to keep it.")
    assert letter(site, f"{who}@example.org", "Your Northgate account will be deleted")[1].endswith(
        "/accounts/login/"
    )

    page.get_by_role("link", name="Sign in to keep it").click()
    signs_in(page, who)
    look("Your account will be deleted", "awaiting-deletion")
    page.goto("/accounts/profile/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account will be deleted")
    page.get_by_role("button", name="Keep my account").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your account is kept.")
    assert found == []
