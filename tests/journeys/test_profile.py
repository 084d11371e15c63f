"""Somebody says what they are called, how pages look, and takes another username: with and without
script, narrow and wide, in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, letter, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_profile_is_saved_and_a_username_changed(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    who = f"sam-{'one' if script else 'two'}"
    site.person(who)
    site.person(f"taken-{who}")
    page = open_page(
        java_script_enabled=script, reduced_motion="reduce", viewport={"width": 320, "height": 900}
    )
    main = page.get_by_role("main")
    problems: list[str] = []

    def look(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        for width in (1280, 320) if script else ():
            page.set_viewport_size({"width": width, "height": 900})
            problems.extend(looked_at(page, f"{name}-{width}"))

    page.goto("/accounts/login/")
    fill(page, login=who, password=cast.PASSWORD)
    press(page, "Sign in")
    page.goto("/accounts/profile/")
    look("Profile", "profile")
    fill(page, name="Samantha Smith", display_name="سام\u202e")
    press(page, "Save changes")
    expect(page.get_by_role("alert")).to_contain_text("invisible character")
    look("Profile", "profile-refused")
    fill(page, display_name="Captain Sam 🎉")
    page.get_by_label("Time zone").select_option("Europe/London")
    page.get_by_label("Dark").focus()
    page.keyboard.press("Space")
    press(page, "Save changes")
    expect(main).to_contain_text("Your profile is saved.")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("System").check()
    press(page, "Save changes")
    press(page, "Save changes")
    expect(main).to_contain_text("There was nothing to save.")
    page.goto("/accounts/")
    look("Hello, Captain Sam 🎉", "overview-called")

    page.goto("/accounts/profile/")
    main.get_by_role("link", name="Change username").click()
    look("Change your username", "username")
    fill(page, username=f"taken-{who}")
    press(page, "Change username")
    expect(page.get_by_role("alert")).to_contain_text("That username is taken. Try taken-")
    look("Change your username", "username-taken")
    fill(page, username=f"quiet-{who}")
    page.keyboard.press("Enter")
    expect(main).to_contain_text(f"Your username is quiet-{who} now.")
    look("Profile", "profile-renamed")
    told = letter(site, f"{who}@example.org", "Your username for Northgate was changed")
    assert told[1].endswith("/accounts/rescue/")

    page.goto("/accounts/username/")
    fill(page, username=who)
    press(page, "Change username")
    expect(main).to_contain_text(f"Your username is {who} now.")
    page.goto("/accounts/username/")
    expect(main).to_contain_text("You can change it again from")
    look("Change your username", "username-too-often")
    assert not problems
