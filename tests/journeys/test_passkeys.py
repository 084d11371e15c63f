"""Passkeys in a real Chromium with its virtual authenticator: made, used in every way, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import Watch, looked_at
from tests.support.site import Site
from tests.support.virtual_passkey import Virtual

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MANAGE, LOGIN = "/accounts/mfa/webauthn/", "/accounts/login/"
NARROW = {"width": 320, "height": 900}
# The virtual device would pick what a list suggests before anybody presses a button.
NO_SUGGESTIONS = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
GIVE_CODES = """
from accounts.models import User
from tests.support import second_steps
who = User.objects.get(username={name!r})
second_steps.give_codes(who)
User.objects.filter(pk=who.pk).update(two_step_on=True)
"""
STALE = """
import time
from accounts.models import Session, User
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as PROOFS
from audit import sealing
from accounts.sessions.store import _context
import json
for row in Session.objects.filter(user__username={name!r}):
    data = json.loads(sealing.unseal(row.data, context=_context(row.key)))
    for one in data[PROOFS]:
        one["at"] = time.time() - 3600
    row.data = sealing.seal(json.dumps(data).encode(), context=_context(row.key))
    row.save()
"""


def sign_in(page: Page, name: str) -> None:
    """Before there is a device that could make a passkey: else the page leads on to the offer."""
    page.goto(LOGIN)
    fill(page, login=name, password=cast.PASSWORD)
    press(page, "Sign in")
    expect(page).not_to_have_url(LOGIN)


def add(page: Page) -> None:
    page.goto(MANAGE)
    press(page, "Add a passkey")
    expect(page.get_by_role("status")).to_contain_text("Your passkey is ready.")


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_from_the_first_to_the_last(page: Page, site: Site) -> None:
    site.person("passkeys")
    page.add_init_script(NO_SUGGESTIONS)
    sign_in(page, "passkeys")
    device = Virtual(page)
    page.goto(MANAGE)
    expect(page.get_by_role("main")).to_contain_text("No passkeys yet.")
    add(page)
    expect(page.get_by_role("status")).to_contain_text("Save recovery codes")
    assert len(device.credentials()) == 1
    row = page.get_by_role("listitem")
    expect(row).to_contain_text("not used yet")

    # The same device has one already.
    press(page, "Add a passkey")
    says = page.get_by_text("This device or password manager already has a passkey for you.")
    expect(says).to_be_visible()

    row.get_by_role("link", name="Rename").click()
    fill(page, name="My laptop")
    press(page, "Save the name")
    expect(row).to_contain_text("My laptop")

    # Alone, by the button.
    press(page, "Sign out")
    press(page, "Sign in with a passkey")
    heading(page, "Hello")
    page.goto(MANAGE)
    expect(row).to_contain_text("last used")

    row.get_by_role("link", name="Remove").click()
    heading(page, "Remove My laptop?")
    press(page, "Remove")
    expect(page.get_by_role("status")).to_contain_text("The passkey is removed.")
    expect(page.get_by_role("main")).to_contain_text("No passkeys yet.")

    # The device heard that this site knows it no more.
    page.wait_for_function("navigator.credentials")
    assert device.credentials() == []


def test_among_the_suggestions_of_the_name_field(page: Page, site: Site) -> None:
    """The virtual device picks what a person would pick from the list."""
    site.person("suggested")
    sign_in(page, "suggested")
    device = Virtual(page)
    add(page)
    device.answers(False)
    press(page, "Sign out")
    expect(page.locator("[name=login]")).to_have_attribute("autocomplete", "username webauthn")
    page.goto("/help/")
    device.answers(True)
    page.goto(f"{LOGIN}?next=/accounts/profile/", wait_until="commit")
    heading(page, "Profile")


def test_what_is_cancelled_leaves_a_page_that_works(page: Page, site: Site) -> None:
    site.person("cancels")
    sign_in(page, "cancels")
    device = Virtual(page)
    page.goto(MANAGE)
    device.refuses()
    press(page, "Add a passkey")
    expect(page.get_by_text("No passkey was created. You can try again.")).to_be_visible()
    device.refuses(False)
    press(page, "Add a passkey")
    expect(page.get_by_role("status")).to_contain_text("Your passkey is ready.")

    device.refuses()
    press(page, "Sign out")
    press(page, "Sign in with a passkey")
    expect(
        page.get_by_text("No passkey was used. Try again, or sign in another way.")
    ).to_be_visible()
    fill(page, login="cancels", password=cast.PASSWORD)
    press(page, "Sign in")
    heading(page, "Hello")


def test_as_the_second_step(page: Page, site: Site) -> None:
    site.person("second")
    sign_in(page, "second")
    device = Virtual(page, transport="usb")
    add(page)
    device.answers(False)
    press(page, "Sign out")
    site.does(GIVE_CODES.format(name="second"))
    sign_in(page, "second")
    heading(page, "Use your passkey or security key")
    page.goto("/accounts/")
    expect(page).to_have_url(f"{site.url}/accounts/mfa/authenticate/")
    device.answers(True)
    press(page, "Use a passkey")
    heading(page, "Hello")


def test_a_change_waits_for_the_passkey_and_goes_on(page: Page, site: Site, watch: Watch) -> None:
    site.person("fresh")
    sign_in(page, "fresh")
    Virtual(page)
    add(page)
    site.does(STALE.format(name="fresh"))
    page.goto("/accounts/email/")
    page.fill("main [name=email]:not([type=hidden])", "spare-fresh@example.org")
    press(page, "Add address")
    heading(page, "Confirm it is you")
    press(page, "Use a passkey")
    heading(page, "Check your email")
    expect(page.get_by_role("main")).to_contain_text("spare-fresh@example.org")

    # The script of a page that asks too late is led to the proof and back.
    site.does(STALE.format(name="fresh"))
    page.goto(MANAGE)
    press(page, "Add a passkey")
    heading(page, "Confirm it is you")
    press(page, "Use a passkey")
    heading(page, "Passkeys")
    assert watch.complaints == [f"403: {site.url}{MANAGE}add/begin/"]
    watch.complaints.clear()


def test_a_device_that_could_make_one_is_led_to_the_offer_once(page: Page, site: Site) -> None:
    site.person("offered")
    Virtual(page)
    sign_in(page, "offered")
    heading(page, "Sign in faster with your face, fingerprint or screen lock")
    press(page, "Not now")
    heading(page, "Hello")
    page.goto("/accounts/")
    heading(page, "Hello")
    page.goto(f"{MANAGE}offer/")
    press(page, "Create a passkey")
    expect(page.get_by_role("status")).to_contain_text("choose it in the email field")


def test_without_script_it_is_said_why(page_without_script: Page, site: Site) -> None:
    page = page_without_script
    site.person("plain")
    page.goto(LOGIN)
    # What stands in <noscript> is kept from Playwright, which forbids scripts and not the parser.
    assert "Signing in with a passkey needs JavaScript." in page.content()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    sign_in(page, "plain")
    page.goto(MANAGE)
    assert "Adding a passkey needs JavaScript" in page.content()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()


# --- barriers -------------------------------------------------------------------------------------


@pytest.fixture
def look(open_page: Callable[..., Page]) -> Iterator[tuple[Page, Callable[[str, str], None]]]:
    page = open_page(viewport=NARROW, reduced_motion="reduce")
    found: list[str] = []

    def at(text: str, name: str) -> None:
        heading(page, text)
        found.extend(looked_at(page, name))

    yield page, at
    assert not found, "\n".join(found)


def test_no_page_of_them_has_barriers(look, site: Site) -> None:
    page, at = look
    site.person("looked")
    page.goto(LOGIN)
    at("Sign in", "passkey-sign-in")
    sign_in(page, "looked")
    device = Virtual(page)
    page.goto(MANAGE)
    at("Passkeys", "passkeys-none")
    page.goto(f"{MANAGE}offer/")
    at("Sign in faster with your face, fingerprint or screen lock", "passkey-offer")
    page.goto(f"{MANAGE}add/")
    at("Add a passkey", "passkey-add")
    add(page)
    at("Passkeys", "passkeys-one")
    press(page, "Add a passkey")
    expect(page.get_by_text("already has a passkey for you")).to_be_visible()
    at("Passkeys", "passkeys-there-already")
    page.get_by_role("link", name="Rename").click()
    at("Rename a passkey", "passkey-rename")
    fill(page, name="")
    press(page, "Save the name")
    at("Rename a passkey", "passkey-rename-empty")
    page.goto(MANAGE)
    page.get_by_role("link", name="Remove").click()
    at(page.get_by_role("heading", level=1).inner_text(), "passkey-remove")
    page.goto("/accounts/mfa/")
    at("Two-step sign-in", "passkey-card")
    page.goto("/accounts/reauthenticate/")
    at("Confirm it is you", "passkey-confirm-password")
    page.goto("/accounts/mfa/reauthenticate/?method=passkey")
    at("Confirm it is you", "passkey-confirm")
    site.does(GIVE_CODES.format(name="looked"))
    page.context.clear_cookies()
    device.answers(False)
    sign_in(page, "looked")
    at("Use your passkey or security key", "passkey-second-step")
    press(page, "Cancel and sign out")
    site.does("from mfa.models import Passkey; Passkey.objects.all().delete()")
    page.goto("/help/")
    device.answers(True)
    page.goto(LOGIN, wait_until="commit")
    at("That passkey cannot be used", "passkey-unknown")
