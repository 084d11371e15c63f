"""What no address alone leads to: the pages on the way, forms that were refused, and every refusal,
narrow and in both themes. The pages that an address leads to: tests/journeys/test_a_life.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.views import styleguide
from tests.journeys.test_a_life import FIRST, PAGES, THIRD, fill, letter, press, sign_up
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Look = Callable[[str, str], None]
NARROW = {"width": 320, "height": 900}
WRONG_CODE = "BCDF-GHJK"
CHECK, LET_IN = "Check your email", "Let this browser try"


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    # Colours that fade into each other would be measured half way between the themes.
    return open_page(viewport=NARROW, reduced_motion="reduce")


@pytest.fixture
def look(page: Page) -> Iterator[Look]:
    """`look("Check your email", "sign-up-code")` at the page of that heading as it stands now, in
    both themes. A test that saw a barrier, or a page wider than its window, fails in the end."""
    found: list[str] = []

    def at(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        found.extend(looked_at(page, name))

    yield at
    assert not found, "\n".join(found)


def refused(page: Page, button: str, **fields: str) -> None:
    """Sends a form that comes back, with the focus on what was wrong."""
    fill(page, **fields)
    press(page, button)
    expect(page.get_by_role("alert")).to_be_focused()


def test_from_sign_up_to_its_link(
    page: Page, look: Look, open_page: Callable[..., Page], site: Site
) -> None:
    page.goto("/accounts/signup/")
    fill(page, name="Sam Smith", email="way@example.org", password1=FIRST)
    press(page, "Create account")
    look(CHECK, "sign-up-code")
    refused(page, "Confirm")
    look(CHECK, "sign-up-code-empty")
    refused(page, "Confirm", code=WRONG_CODE)
    look(CHECK, "sign-up-code-wrong")
    page.get_by_text("Problems with the code?").click()
    look(CHECK, "sign-up-code-problems")
    press(page, "Send it again")
    expect(page.get_by_role("status")).to_contain_text("We sent another message.")
    look(CHECK, "sign-up-code-again")

    own = page.context.storage_state()
    link = letter(site, "way@example.org", "Confirm")[1]
    page.goto(link)
    look("Confirm way@example.org", "sign-up-link")
    page.context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("main")).to_contain_text("another browser")
    look("Confirm way@example.org", "sign-up-link-elsewhere")
    refused(page, "Confirm this address")
    look("Confirm way@example.org", "sign-up-link-empty")
    refused(page, "Confirm this address", password=THIRD)
    look("Confirm way@example.org", "sign-up-link-wrong")

    at_home = open_page(storage_state=own)
    at_home.goto(link)
    press(at_home, "Confirm this address")
    expect(at_home.get_by_role("heading", level=1)).to_have_text("Hello, Sam")


def test_a_reset_from_its_page_to_the_new_password(page: Page, look: Look, site: Site) -> None:
    address = site.person("resetting")
    page.goto("/accounts/password/reset/")
    fill(page, login=address)
    press(page, "Send reset email")
    look(CHECK, "reset-asked")
    page.goto(letter(site, address, "Reset")[1])
    look("Choose a new password", "reset-choose")
    refused(page, "Save new password")
    look("Choose a new password", "reset-choose-empty")
    refused(page, "Save new password", password1="password", password2="passwords")
    look("Choose a new password", "reset-choose-wrong")
    fill(page, password1=THIRD, password2=THIRD)
    press(page, "Save new password")
    look("Your password is changed", "reset-done")


def test_the_forms_of_somebody_signed_in(page: Page, look: Look, site: Site) -> None:
    address = "forms@example.org"
    sign_up(page, site, address)
    look("Hello, Sam", "welcome")

    page.goto("/accounts/profile/")
    refused(page, "Save changes", name="x" * 151)
    look("Profile", "profile-wrong")

    page.goto("/accounts/password/change/")
    refused(page, "Save new password")
    look("Change your password", "password-empty")
    refused(page, "Save new password", oldpassword=THIRD, password1="short", password2="shorter")
    look("Change your password", "password-wrong")

    adding = "main [name=email]:not([type=hidden])"
    page.goto("/accounts/email/")
    refused(page, "Add address")
    look("Email addresses", "addresses-empty")
    page.fill(adding, "sam@")
    refused(page, "Add address")
    look("Email addresses", "addresses-wrong")
    page.fill(adding, "other-way@example.org")
    press(page, "Add address")
    look("Confirm it is you", "reauthenticate-for-addresses")
    refused(page, "Continue")
    look("Confirm it is you", "reauthenticate-empty")
    refused(page, "Continue", password=THIRD)
    look("Confirm it is you", "reauthenticate-wrong")
    fill(page, password=FIRST)
    press(page, "Continue")
    look(CHECK, "address-code")
    refused(page, "Confirm", code=WRONG_CODE)
    look(CHECK, "address-code-wrong")
    page.goto("/accounts/email/")
    expect(page.get_by_role("listitem").filter(has_text="Not confirmed")).to_have_count(1)
    look("Email addresses", "addresses-waiting")
    page.goto(letter(site, "other-way@example.org", "Confirm")[1])
    look("Confirm other-way@example.org", "address-link")
    press(page, "Confirm this address")
    expect(page.get_by_role("status")).to_contain_text("other-way@example.org is confirmed.")
    look("Email addresses", "addresses-two")


def test_devices_that_are_known_and_none(page: Page, look: Look, site: Site, open_page) -> None:
    site.person("devices")
    signs_in(open_page(), "devices")
    signs_in(page, "devices")
    page.goto("/accounts/sessions/")
    expect(page.get_by_role("listitem")).to_have_count(4)
    look("Devices", "devices-two")
    press(page, "Forget all other devices")
    expect(page.get_by_role("status")).to_contain_text("1 device is forgotten.")
    look("Devices", "devices-one")
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_role("main")).to_contain_text("No device is known.")
    look("Devices", "devices-none")


def signs_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    fill(page, login=name, password=cast.PASSWORD)
    press(page, "Sign in")


def test_the_way_in_by_letter(page: Page, look: Look, site: Site) -> None:
    address = site.person("waiting")
    page.goto("/accounts/unlock/")
    refused(page, "Email me a code")
    look("Get in by email", "unlock-empty")
    fill(page, login=address)
    press(page, "Email me a code")
    look(CHECK, "unlock-code")
    refused(page, LET_IN)
    look(CHECK, "unlock-code-empty")
    refused(page, LET_IN, code=WRONG_CODE)
    look(CHECK, "unlock-code-wrong")
    page.goto(letter(site, address, "Your way in")[1])
    look(LET_IN, "unlock-link")
    press(page, LET_IN)
    expect(page.get_by_role("status")).to_contain_text("for 15 minutes")
    look("Sign in", "sign-in-let-in")


def test_the_way_in_by_code(page: Page, look: Look, site: Site) -> None:
    address = site.person("coded")
    page.goto("/accounts/login/")
    look("Sign in", "sign-in-by-code-offered")
    page.get_by_role("link", name="Email me a sign-in code").click()
    look("Sign in with a code", "sign-in-code")
    refused(page, "Send code")
    look("Sign in with a code", "sign-in-code-empty")
    fill(page, login=address)
    press(page, "Send code")
    look(CHECK, "sign-in-code-sent")
    refused(page, "Sign in")
    look(CHECK, "sign-in-code-sent-empty")
    refused(page, "Sign in", code=WRONG_CODE)
    look(CHECK, "sign-in-code-sent-wrong")
    page.get_by_text("Problems with the code?").click()
    expect(page.get_by_text("You can ask for another code in")).to_be_visible()
    look(CHECK, "sign-in-code-problems")
    press(page, "Send a new code")
    expect(page.get_by_role("status")).to_contain_text("You can ask for another code in")
    look(CHECK, "sign-in-code-too-soon")


DEMAND = """
from accounts.flows import password_demands
from accounts.models import User
assert password_demands.by_operator(User.objects.get(username="demanded"), reason="Seen on a list")
"""


def test_a_password_that_must_be_changed(page: Page, look: Look, site: Site) -> None:
    site.person("demanded")
    site.does(DEMAND)
    signs_in(page, "demanded")
    look("Choose a new password", "required")
    refused(page, "Save new password")
    look("Choose a new password", "required-empty")
    refused(page, "Save new password", password1=cast.PASSWORD, password2=cast.PASSWORD)
    look("Choose a new password", "required-wrong")


def test_no_new_accounts(page: Page, look: Look, tmp_path: Path) -> None:
    with Site(tmp_path, POLICY_SIGNUP_OPEN="off") as closed:
        page.goto(f"{closed.url}/accounts/signup/")
        look("New accounts are closed", "sign-up-closed")


REFUSALS = [*styleguide.PAGES, *styleguide.REFUSALS]


@pytest.mark.parametrize("signed_in", [False, True], ids=["a visitor", "somebody signed in"])
def test_every_refusal(page: Page, look: Look, site: Site, signed_in: bool) -> None:
    """Those that a visitor meets are looked at with the other pages too: here are the rest of them."""
    if signed_in:
        site.person("refused")
        signs_in(page, "refused")
    for name in REFUSALS:
        if signed_in or f"error-{name}" not in PAGES:
            page.goto(f"/styleguide/errors/{name}/")
            look(page.get_by_role("heading", level=1).inner_text(), f"error-{name}")
