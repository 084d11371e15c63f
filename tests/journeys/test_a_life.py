"""One person's life with an account, in a real Chromium, with and without script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import barriers, looked_at, screenshot, skip_to_main
from tests.support.site import Site

# Looking at every page with axe takes its time on a busy machine.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

FIRST = "nine lanterns over the marsh"
SECOND = "eleven copper weathercocks"
THIRD = "seven grey herons at noon"


def letter(site: Site, address: str, about: str) -> tuple[str, str]:
    """Code (or an empty text) and link of the newest letter whose subject begins so."""
    number = 1
    while not (message := site.letter(address, number=number))["Subject"].startswith(about):
        number += 1
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", body.get_content())
    return code.group() if code else "", site.link_in(message)


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def sign_up(page: Page, site: Site, address: str) -> str:
    """From the empty form to the overview; returns the username that was made up."""
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Create an account").click()
    fill(page, name="Sam Smith", email=address, password1=FIRST)
    press(page, "Create account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    page.fill("[name=code]", letter(site, address, "Confirm")[0])
    press(page, "Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Sam")
    return page.locator("dd", has_text="-").first.inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_sign_up_to_a_reset(open_page: Callable[..., Page], site: Site, script: bool) -> None:
    page = open_page(java_script_enabled=script)
    address = f"sam{int(script)}@example.org"
    sign_up(page, site, address)

    page.get_by_role("link", name="Profile").first.click()
    page.fill("[name=name]", "Samuel Smith")
    page.select_option("[name=time_zone]", "Europe/London")
    press(page, "Save changes")
    expect(page.get_by_role("status")).to_contain_text("Your profile is saved.")

    page.goto("/accounts/email/")
    page.fill("main [name=email]:not([type=hidden])", f"new-{address}")
    press(page, "Add address")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it is you")
    page.fill("[name=password]", FIRST)
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    page.fill("[name=code]", letter(site, f"new-{address}", "Confirm")[0])
    press(page, "Confirm")
    page.get_by_role("button", name=f"Make main: new-{address}").click()
    expect(page.get_by_role("status")).to_contain_text("is your main address now")

    page.goto("/accounts/password/change/")
    fill(page, oldpassword=FIRST, password1=SECOND, password2=SECOND)
    press(page, "Save new password")
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")

    press(page, "Sign out")
    expect(page.get_by_role("status")).to_contain_text("You have signed out.")

    fill(page, login=address, password=FIRST)
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Forgotten your password?").click()
    fill(page, login=address)
    press(page, "Send reset email")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    page.goto(letter(site, address, "Reset")[1])
    fill(page, password1=THIRD, password2=THIRD)
    press(page, "Save new password")
    expect(page.get_by_role("main")).to_contain_text("Sign in with it now.")
    page.goto("/accounts/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    fill(page, login=f"new-{address}", password=THIRD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Samuel")


def test_by_keyboard_alone(open_page: Callable[..., Page], site: Site) -> None:
    page = open_page()
    sign_up(page, site, "keys@example.org")
    press(page, "Sign out")
    page.goto("/accounts/login/")
    skip_to_main(page)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("name", "login")
    page.keyboard.type("keys@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(FIRST)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Sam")


PAGES = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "reset": "/accounts/password/reset/",
    "unlock": "/accounts/unlock/",
    "help": "/help/",
    "privacy": "/privacy/",
    "bad-link": "/accounts/password/reset/key/1-x-y/",
    "styleguide": "/styleguide/",
    "mailbox": "/dev/mailbox/",
} | {
    f"error-{name}": f"/styleguide/errors/{name}/"
    for name in [
        "400",
        "403",
        "404",
        "500",
        "csrf",
        "busy",
        "conflict",
        "link",
        "session",
        "stopped",
        "wait",
    ]
}
SIGNED_IN = {
    "overview": "/accounts/",
    "profile": "/accounts/profile/",
    "addresses": "/accounts/email/",
    "password": "/accounts/password/change/",
    "delete": "/accounts/delete/",
    "devices": "/accounts/sessions/",
    "activity": "/accounts/activity/",
    "rescue": "/accounts/rescue/",
    "sign-out": "/accounts/logout/",
    "reauthenticate": "/accounts/reauthenticate/",
}
NARROW = 320
WIDTHS, LANGUAGES = (NARROW, 1280), ("en", "ar-xb")


@pytest.fixture(scope="module")
def signed_in(site: Site, browser) -> Iterator[dict]:
    """The cookies of somebody who is signed in, to be lent to every look."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    sign_up(page, site, "looks@example.org")
    page.goto("/accounts/email/")
    yield context.storage_state()
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole_and_without_barriers(
    open_page, site: Site, signed_in: dict, width: int, language: str
) -> None:
    """No sideways scroll, nothing that axe finds, no complaint of the browser, in both themes. Those of
    somebody signed in are looked at narrow with all the others (test_every_page.py)."""
    found: list[str] = []
    wide = [(SIGNED_IN, signed_in)] if width > NARROW else []
    for group, state in [(PAGES, None), *wide]:
        page = open_page(viewport={"width": width, "height": 900}, storage_state=state)
        page.context.add_cookies([{"name": "language", "value": language, "url": site.url}])
        for name, path in group.items():
            page.goto(path)
            assert page.locator("html").get_attribute("dir") == (
                "ltr" if language == "en" else "rtl"
            )
            found += looked_at(page, f"{name}-{width}-{language}")
    assert found == []


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_with_errors_have_no_barriers_either(open_page, site: Site, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    found = []
    for name, path, button in (
        ("sign-in", "/accounts/login/", "Sign in"),
        ("sign-up", "/accounts/signup/", "Create account"),
        ("reset", "/accounts/password/reset/", "Send reset email"),
    ):
        page.goto(path)
        press(page, button)
        expect(page.get_by_role("alert")).to_be_focused()
        screenshot(page, f"{name}-error-{width}")
        found += [f"{name}: {barrier}" for barrier in barriers(page)]
        page.get_by_role("alert").get_by_role("link").first.click()
        assert page.locator(":focus").get_attribute("name")
    assert found == []
