"""Two-step sign-in without a script, narrow, in both themes: from nothing to a sign-in with each way,
and every page and refusal on that road looked at."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import looked_at, screenshot
from tests.support.second_steps import code_for
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Look = Callable[[str, str], None]
NARROW = {"width": 320, "height": 900}
STEP = "Enter the code from your authenticator app"
CHOOSE = "Choose how to confirm it is you"


@pytest.fixture(params=["script", "no script"])
def page(open_page: Callable[..., Page], request: pytest.FixtureRequest) -> Page:
    has_script = request.param == "script"
    return open_page(viewport=NARROW, reduced_motion="reduce", java_script_enabled=has_script)


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Iterator[Look]:
    """At the page as it stands, in both themes and wide; axe is a script itself."""
    found: list[str] = []
    has_script = request.node.callspec.params["page"] == "script"

    def at(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        name = f"step-{name}{'' if has_script else '-no-script'}"
        if has_script:
            found.extend(looked_at(page, name))
            return
        # No theme can be told without one: whether it fits is all that is left to ask, of a page that
        # has its stylesheet.
        page.wait_for_load_state()
        screenshot(page, f"{name}-light")
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
            found.append(f"{name}: {wide} px wide")

    yield at
    assert not found, "\n".join(found)


def sign_in(page: Page, address: str) -> None:
    page.goto("/accounts/login/")
    fill(page, login=address, password=cast.PASSWORD)
    press(page, "Sign in")


def another_half_minute(site: Site) -> None:
    site.sql("UPDATE mfa_authenticatorapp SET last_step = -1")


def test_an_app_and_recovery_codes(page: Page, look: Look, site: Site) -> None:
    address = site.person(f"steps{id(page)}")
    sign_in(page, address)
    look("Hello", "overview-without")
    page.goto("/accounts/mfa/")
    look("Two-step sign-in", "security-off")
    page.get_by_role("link", name="Set up the authenticator app").click()
    look("Set up an authenticator app", "app")
    press(page, "Turn on")
    look("Set up an authenticator app", "app-empty")
    fill(page, code="123 45")
    press(page, "Turn on")
    look("Set up an authenticator app", "app-shape")
    seed = base64.b32decode(page.locator("#seed").inner_text().replace(" ", ""))
    fill(page, code=code_for(seed), name="My phone")
    press(page, "Turn on")
    look("Save your recovery codes", "codes-new")
    codes = page.locator("ol.codes li").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as text").click()
    text = download.value.path().read_text()
    assert all(code in text for code in codes) and address in text
    page.goto("/accounts/mfa/")
    look("Two-step sign-in", "security-unsaved")
    page.goto("/accounts/mfa/recovery-codes/generate/")
    assert page.locator("ol.codes li").all_inner_texts() == codes
    press(page, "Finish")
    look("Save your recovery codes", "codes-not-ticked")
    page.check("input[name=saved]")
    press(page, "Finish")
    look("Two-step sign-in", "security-on")
    page.goto("/accounts/mfa/recovery-codes/")
    look("Recovery codes", "codes")

    press(page, "Sign out")
    sign_in(page, address)
    look(STEP, "app-code")
    fill(page, code="000000")
    press(page, "Continue")
    look(STEP, "app-code-wrong")
    page.get_by_role("link", name="Try another way").click()
    look(CHOOSE, "choose")
    page.get_by_role("link", name="I cannot use any of these").click()
    look("You cannot use your second step", "help")
    page.goto("/accounts/mfa/authenticate/?method=recovery_code")
    look("Enter a recovery code", "recovery-code")
    fill(page, code="zzzz-zzzz-zzzz-zzzz")
    press(page, "Continue")
    look("Enter a recovery code", "recovery-code-wrong")
    fill(page, code=codes[0].upper().replace("-", " "))
    press(page, "Continue")
    look("Hello", "overview-after-recovery")
    used = site.letter(address, number=3).get_body(preferencelist=("plain",))
    assert used is not None and "9 are left" in " ".join(used.get_content().split())

    press(page, "Sign out")
    sign_in(page, address)
    another_half_minute(site)
    page.check("input[name=trust]")
    fill(page, code=code_for(seed))
    press(page, "Continue")
    page.goto("/accounts/mfa/trusted/")
    expect(page.get_by_role("heading", name="Trusted devices")).to_be_visible()
    look("Devices", "trusted")
    press(page, "Sign out")
    sign_in(page, address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello")

    page.goto("/accounts/mfa/totp/deactivate/")
    look("Turn off the authenticator app?", "app-off")
    press(page, "Turn off")
    look("Two-step sign-in", "security-off-again")


def test_codes_that_are_sent(page: Page, look: Look, site: Site) -> None:
    address = site.person(f"sent{id(page)}")
    sign_in(page, address)
    page.goto("/accounts/mfa/sms/activate/")
    look("Set up text messages", "texts")
    fill(page, number="12")
    press(page, "Send code")
    look("Set up text messages", "texts-wrong")
    # A number of its own: the next text to one that has just had one is a minute away.
    fill(page, number=f"+44 7400 {id(page) % 10**6:06}")
    press(page, "Send code")
    look("Enter the code we sent", "texts-code")
    page.goto("/accounts/mfa/email/activate/")
    look("Set up email codes", "mailed")
    press(page, "Send code")
    look("Enter the code we sent", "mailed-code")
    text = site.letter(address).get_body(preferencelist=("plain",))
    found = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", text.get_content() if text else "")
    assert found
    fill(page, code=found.group())
    press(page, "Turn on")
    page.check("input[name=saved]")
    press(page, "Finish")
    press(page, "Sign out")
    sign_in(page, address)
    look("Get a code by email", "step-mailed")
    press(page, "Send code")
    look("Check your email", "step-mailed-sent")


def test_whoever_must_set_one_up(page: Page, look: Look, site: Site) -> None:
    name = f"must{id(page)}"
    address = site.person(name, administrator=True)
    site.does(
        "from mfa.flows import wiping, changes; from mfa.factors import Factors;"
        f" from accounts.models import User; u = User.objects.get(username='{name}');"
        " wiping.remove_all(u); changes.keep_state(u, Factors())",
    )
    sign_in(page, address)
    look("Add a second step", "required")
    page.goto("/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a second step")


def test_the_key_and_the_codes_are_copied(open_page: Callable[..., Page], site: Site) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"], viewport=NARROW)
    sign_in(page, site.person("copies"))
    page.goto("/accounts/mfa/totp/activate/")
    press(page, "Copy")
    expect(page.get_by_role("status")).to_have_text("Copied")
    written = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"[a-zA-Z2-7]{32}", written)
    screenshot(page, "step-app-copied")
    fill(page, code=code_for(base64.b32decode(written.upper())))
    press(page, "Turn on")
    press(page, "Copy")
    expect(page.get_by_role("status")).to_have_text("Copied")
    codes = page.locator("ol.codes li").all_inner_texts()
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == codes
    expect(page.get_by_role("button", name="Print")).to_be_visible()
