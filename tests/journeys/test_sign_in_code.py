"""Signing in by a mailed code in a real Chromium, with and without script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]


def code_for(site: Site, address: str) -> str:
    message = site.letter(address)
    assert message["Subject"] == "Your sign-in code for Northgate"
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    found = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", body.get_content())
    assert found
    return found.group()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_the_sign_in_page_to_the_page_that_was_wanted(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    page = open_page(java_script_enabled=script)
    address = site.person(f"bycode{int(script)}")
    page.goto("/accounts/profile/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    fill(page, login=address)
    page.get_by_role("link", name="Email me a sign-in code").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in with a code")
    expect(page.locator("[name=login]")).to_have_value(address if script else "")
    fill(page, login=address)
    press(page, "Send code")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    expect(page.get_by_role("main")).to_contain_text(f"If {address} has an account")

    fill(page, code="BCDF-GHJK")
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
    page.get_by_text("Problems with the code?").click()
    press(page, "Send a new code")
    expect(page.get_by_role("status")).to_contain_text("You can ask for another code in")

    fill(page, code=code_for(site, address).lower())
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
