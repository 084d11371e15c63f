"""Limits that somebody sets for themselves: saved, told, and what is looser taken back; narrow, with
and without a script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
NARROW = {"width": 320, "height": 900}


def sign_in(page: Page, who: str) -> None:
    page.goto("/accounts/login/")
    fill(page, login=who, password=cast.PASSWORD)
    press(page, "Sign in")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_limits_are_set_asked_to_be_lifted_and_kept(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    address = site.person(f"limits{int(script)}")
    page = open_page(viewport=NARROW, reduced_motion="reduce", java_script_enabled=script)
    found: list[str] = []

    def look(name: str) -> None:
        if script:
            found.extend(looked_at(page, name))

    sign_in(page, address)
    page.get_by_role("link", name="Change limits").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Limits you set")
    look("limits")
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    page.fill("[name=frozen_until]", day.isoformat())
    page.select_option("[name=recovery_days]", "21")
    press(page, "Save limits")
    expect(page.get_by_role("status")).to_contain_text("Your limits are saved.")
    stranger = open_page(java_script_enabled=script)
    sign_in(stranger, address)
    expect(stranger.get_by_role("alert")).to_contain_text("is not right")
    page.get_by_label("Always ask for a passkey before changes").check()
    press(page, "Save limits")
    expect(page.get_by_role("alert")).to_contain_text("Add two passkeys first")
    look("limits-wrong")
    site.sql("UPDATE accounts_user SET frozen_until = NULL WHERE email = ?", address)
    sign_in(stranger, address)
    stranger.goto("/accounts/limits/")
    stranger.select_option("[name=recovery_days]", "")
    press(stranger, "Save limits")
    expect(stranger.get_by_role("main")).to_contain_text("takes effect on")
    page.goto("/accounts/limits/")
    look("limits-waiting")
    press(page, "Take it back")
    expect(page.get_by_role("status")).to_contain_text("Your limits stay as they are.")
    assert not found, "\n".join(found)
