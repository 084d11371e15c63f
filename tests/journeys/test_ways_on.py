"""Back, reload, two tabs and a form that was open too long: each ends on a page with a way on, and
nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def sign_in(page: Page, who: str) -> None:
    fill(page, login=who, password=cast.PASSWORD)
    press(page, "Sign in")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_back_reload_and_two_tabs(open_page: Callable[..., Page], site: Site, script: bool) -> None:
    address = site.person(f"tabs{int(script)}")
    page = open_page(java_script_enabled=script)
    page.goto("/accounts/sessions/")
    other = page.context.new_page()
    other.goto("/accounts/profile/")
    sign_in(page, address)
    heading(page, "Devices")

    # The other tab still shows the form of before.
    sign_in(other, address)
    heading(other, "This page was open too long")
    other.get_by_role("link", name="Start again").click()
    heading(other, "Profile")

    # What was sent is not sent again, and back from it is the form.
    fill(other, name="Sam Smith")
    press(other, "Save changes")
    expect(other.get_by_role("status")).to_contain_text("Your profile is saved.")
    other.reload()
    expect(other.get_by_role("status")).to_have_count(0)
    expect(other.locator("[name=name]")).to_have_value("Sam Smith")
    other.go_back()
    heading(other, "Profile")

    # A form whose session ended in another tab goes on where it was, once somebody has signed in.
    press(page, "Sign out")
    expect(page.get_by_role("status")).to_contain_text("You have signed out.")
    press(other, "Save changes")
    heading(other, "Sign in")
    sign_in(other, address)
    heading(other, "Profile")

    # Nobody looks at what was there by going back.
    press(other, "Sign out")
    heading(other, "Sign in")
    other.go_back()
    heading(other, "Sign in")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_what_was_typed_comes_back_after_signing_in_again(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    address, other = site.person(f"typed{int(script)}"), site.person(f"typer{int(script)}")
    page = open_page(java_script_enabled=script)
    page.goto("/accounts/profile/")
    sign_in(page, address)
    fill(page, name="Sam of the Long Name", display_name="Captain")
    page.get_by_label("Time zone").select_option("Europe/London")
    page.get_by_label("Dark").check()
    site.sql(
        "DELETE FROM accounts_session WHERE user_id ="
        " (SELECT id FROM accounts_user WHERE username = ?)",
        f"typed{int(script)}",
    )
    press(page, "Save changes")
    heading(page, "Sign in")
    sign_in(page, address)
    heading(page, "Profile")
    notice = page.get_by_role("status")
    for _ in range(2):
        expect(notice).to_contain_text("nothing has been saved yet")
        expect(page.locator("[name=name]")).to_have_value("Sam of the Long Name")
        expect(page.get_by_label("Time zone")).to_have_value("Europe/London")
        expect(page.get_by_label("Dark")).to_be_checked()
        page.reload()
    press(page, "Save changes")
    expect(notice).to_contain_text("Your profile is saved.")
    expect(page.locator("[name=display_name]")).to_have_value("Captain")

    # In another tab they signed out and in again: the form of before is refused, and not lost.
    tab = page.context.new_page()
    tab.goto("/accounts/profile/")
    press(tab, "Sign out")
    tab.goto("/accounts/profile/")
    sign_in(tab, address)
    heading(tab, "Profile")
    fill(page, display_name="Admiral")
    press(page, "Save changes")
    heading(page, "This page was open too long")
    expect(page.get_by_role("main")).to_contain_text("What you typed is still there")
    page.get_by_role("link", name="Start again").click()
    expect(page.locator("[name=display_name]")).to_have_value("Admiral")
    expect(notice).to_contain_text("nothing has been saved yet")

    # Nobody else gets it.
    press(tab, "Sign out")
    fill(page, display_name="Nobody's business")
    press(page, "Save changes")
    heading(page, "Sign in")
    sign_in(page, other)
    heading(page, "Profile")
    expect(page.locator("[name=display_name]")).to_have_value("")
    expect(notice).to_have_count(0)
